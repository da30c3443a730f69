/**
 * The shim: the program that owns one background run (`own`, and `own-pane` for one on a terminal), and that ends the
 * runs of an owner that died (`end-lost`). Bundled into one script, read as it starts, so that it keeps working when the
 * package is upgraded under it.
 */

import { closeInheritedDescriptors } from '../process/descriptors.js'
import { leaveClosedTerminals } from '../process/terminals-at-exit.js'
import { BACKGROUND_SEAT, HANDSHAKE_DESCRIPTOR } from './background-seat.js'
import { endLost } from './end-lost.js'
import { Faults } from './faults.js'
import { own } from './own.js'
import { PANE_SEAT } from './pane-seat.js'
import { probeNative } from './probe-native.js'

async function main([mode, ...parameters]: readonly string[]): Promise<void> {
  const faults = new Faults()
  // First of all: a descriptor that leaked from the caller would hold its pipes open as long as we live.
  if (mode === 'own') {
    closeInheritedDescriptors([HANDSHAKE_DESCRIPTOR])
    await own(parameters, faults, BACKGROUND_SEAT)
  } else if (mode === 'own-pane') {
    closeInheritedDescriptors([])
    leaveClosedTerminals()
    await own(parameters, faults, PANE_SEAT)
  } else if (mode === 'end-lost') {
    closeInheritedDescriptors([])
    await endLost(parameters)
  } else if (mode === 'probe-native') {
    await probeNative(parameters)
  } else {
    process.exitCode = 2
  }
}

// A rejection that nobody waits for is a fault like any other.
void main(process.argv.slice(2))
