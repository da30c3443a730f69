/** Whether this machine lets us keep our promises: asked before anything is started or signalled. */
import { readlinkSync } from 'node:fs'
import { errnoOf } from './errno.js'

export interface PlatformFault {
  /** `foreign_proc`: /proc shows another PID namespace than ours, so its pids name other processes to kill(2). */
  readonly reason: 'not_linux' | 'no_proc' | 'foreign_proc'
  readonly message: string
}

/** Processes cannot be followed here. */
export class PlatformUnsupported extends Error {
  readonly code = 'PLATFORM_UNSUPPORTED'
  readonly reason: PlatformFault['reason']

  constructor({ reason, message }: PlatformFault) {
    super(message)
    this.name = 'PlatformUnsupported'
    this.reason = reason
  }
}

/** @returns what keeps processes from being followed on this machine; null where nothing does */
export function platformFault(): PlatformFault | null {
  if (process.platform !== 'linux')
    return { reason: 'not_linux', message: `processes cannot be followed on ${process.platform}: use Linux` }
  let shown: string
  try {
    shown = readlinkSync('/proc/self')
  } catch (error) {
    return { reason: 'no_proc', message: `/proc cannot be read (${errnoOf(error)}): mount it` }
  }
  if (shown === String(process.pid)) return null
  return {
    reason: 'foreign_proc',
    message: `/proc shows us as process ${shown}, the kernel as ${process.pid}: mount a /proc of this PID namespace`,
  }
}

/** @throws PlatformUnsupported */
export function assertPlatform(): void {
  const fault = platformFault()
  if (fault) throw new PlatformUnsupported(fault)
}
