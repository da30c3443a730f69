/** Whether a descriptor of ours is a terminal. */
import { fstatSync } from 'node:fs'

/** The major number of /dev/null, /dev/zero and their like (null(4)). */
const MEMORY_DEVICES = 1

/** Only a character device can be a terminal; loading node:tty to ask costs more than reading the command line. */
export function isTerminal(descriptor: number): boolean {
  return mayBeTerminal(descriptor) && process.getBuiltinModule('node:tty').isatty(descriptor)
}

/** Whether it may be one, or have been one: one that was closed is none any more (isatty(3), EIO). */
export function mayBeTerminal(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor)
    return stat.isCharacterDevice() && ((stat.rdev >> 8) & 0xfff) !== MEMORY_DEVICES
  } catch {
    // The descriptor is closed.
    return false
  }
}
