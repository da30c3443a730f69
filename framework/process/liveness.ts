/** Whether a recorded process is alive: the question before every verdict and every signal. */
import { errnoOf } from './errno.js'
import { type ProcessIdentity, thisHost } from './identity.js'
import { hasExited, type ProcessStat, readStat } from './stat.js'

/** `rebooted`: its host has booted since. `foreign`: of another host or PID namespace, nothing can be said. */
export type Liveness = 'alive' | 'gone' | 'rebooted' | 'foreign'

/** As `Liveness`; `hidden`: the pid is in use, and this host does not show us by whom. */
export type Standing = Liveness | 'hidden'

/**
 * Looks whether the process is alive now. A zombie is gone. What is hidden counts as alive: it cannot be shown to
 * be gone, and a process that a user's command started as another user (sudo) is hidden under hidepid (proc(5)).
 */
export function look(identity: ProcessIdentity): Liveness {
  const found = standing(identity)
  return found === 'hidden' ? 'alive' : found
}

/** As `look`, but tells what was seen to be alive from what only may be. Only the former may be signalled. */
export function standing(identity: ProcessIdentity): Standing {
  const here = thisHost()
  if (identity.host_id !== here.host_id) return 'foreign'
  if (identity.boot_id !== here.boot_id) return 'rebooted'
  if (identity.pid_namespace !== here.pid_namespace) return 'foreign'
  const stat = readStat(identity.pid)
  if (stat) return standingOf(stat, identity)
  if (!isPidInUse(identity.pid)) return 'gone'
  // Hidden from us, or a new process took the pid between the two questions.
  const again = readStat(identity.pid)
  return again ? standingOf(again, identity) : 'hidden'
}

function standingOf(stat: ProcessStat, { start_time }: ProcessIdentity): 'alive' | 'gone' {
  return stat.start_time === start_time && !hasExited(stat) ? 'alive' : 'gone'
}

/** kill(2): signal 0 sends nothing; ESRCH says that nobody has the pid, EPERM that somebody else's process has. */
function isPidInUse(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}
