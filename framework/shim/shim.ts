/**
 * The shim: the program that owns one background run (`own`), and that ends the runs of an owner that died
 * (`end-lost`). Bundled into one file, so that it keeps working when the package is upgraded under it.
 */
import { closeInheritedDescriptors } from '../process/descriptors.js'
import { endLost } from './end-lost.js'
import { HANDSHAKE_DESCRIPTOR, own } from './own.js'

const [mode, ...parameters] = process.argv.slice(2)

if (mode === 'own') {
  // First of all: a descriptor that leaked from the caller would hold its pipes open as long as we live.
  closeInheritedDescriptors([HANDSHAKE_DESCRIPTOR])
  await own(parameters)
} else if (mode === 'end-lost') {
  await endLost(parameters)
} else {
  process.exitCode = 2
}
