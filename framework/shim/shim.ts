/**
 * The shim: the program that owns one background run (`own`), and that ends the runs of an owner that died
 * (`end-lost`). Bundled into one file, so that it keeps working when the package is upgraded under it.
 */
import { closeInheritedDescriptors } from '../process/descriptors.js'
import { endLost } from './end-lost.js'
import { Faults } from './faults.js'
import { HANDSHAKE_DESCRIPTOR, own } from './own.js'

const [mode, ...parameters] = process.argv.slice(2)
const faults = new Faults()

// First of all: a descriptor that leaked from the caller would hold its pipes open as long as we live.
if (mode === 'own') {
  closeInheritedDescriptors([HANDSHAKE_DESCRIPTOR])
  await own(parameters, faults)
} else if (mode === 'end-lost') {
  closeInheritedDescriptors([])
  await endLost(parameters)
} else {
  process.exitCode = 2
}
