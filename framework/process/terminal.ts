/** The terminal that this process is controlled by: who types there, the kernel signals the whole foreground group. */
import { readStat } from './stat.js'

export interface ControllingTerminal {
  /** Where it hangs up, the session leader alone is told (credentials(7), tty_ioctl(4)). */
  readonly is_session_leader: boolean
}

/** @returns null where this process has none, or none any more; redirections do not matter */
export function controllingTerminal(): ControllingTerminal | null {
  const stat = readStat(process.pid)
  return stat && stat.tty !== 0 ? { is_session_leader: stat.sid === process.pid } : null
}
