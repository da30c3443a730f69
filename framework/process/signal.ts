/** The only place that signals: every signal goes to an identity that was verified in the same breath. */
import { closeSync } from 'node:fs'
import { ancestors, isAncestor } from './ancestors.js'
import { errnoOf } from './errno.js'
import { type ProcessIdentity, sameProcess, self } from './identity.js'
import { standing } from './liveness.js'
import type { Native } from './native.js'
import { readStat } from './stat.js'

/**
 * `refused`: never ours to signal (process 1, ourselves, an ancestor, another host or PID namespace).
 * `not_permitted`: another user's, or hidden from us, so that it could not be verified.
 */
export type Signalled = 'sent' | 'gone' | 'not_permitted' | 'refused'

let native: Pick<Native, 'openPidfd' | 'signalPidfd'> | null = null

/** From now on single processes are signalled by pidfd, which never means another process; by pid again for null. */
export function signalByPidfd(through: Pick<Native, 'openPidfd' | 'signalPidfd'> | null): void {
  native = through
}

/**
 * Signals one process, if it is still the one that was meant.
 * Without a pidfd its pid could be used again between the look and kill(2), but only if the kernel went through all
 * pids in that time.
 */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): Signalled {
  if (target.pid <= 1 || sameProcess(target, self()) || isAncestor(target)) return 'refused'
  // Whoever has the pid now is who gets the signal, so it is verified after this.
  const pidfd = native?.openPidfd(target.pid) ?? null
  try {
    return verifiedSignal(target, signal, pidfd)
  } finally {
    if (pidfd !== null) closeSync(pidfd)
  }
}

function verifiedSignal(target: ProcessIdentity, signal: NodeJS.Signals, pidfd: number | null): Signalled {
  switch (standing(target)) {
    case 'foreign':
      return 'refused'
    case 'hidden':
      return 'not_permitted'
    case 'gone':
    case 'rebooted':
      return 'gone'
    case 'alive':
      return (pidfd !== null && signalPidfd(pidfd, signal)) || kill(target.pid, signal)
  }
}

/** @returns null where the kernel does not take it, so that it is left to kill(2); never for one that has exited since */
function signalPidfd(pidfd: number, signal: NodeJS.Signals): Signalled | null {
  const signalled = native?.signalPidfd(pidfd, signal) ?? 'failed'
  return signalled === 'failed' ? null : signalled
}

/**
 * Signals a whole process group at once, which a tree that forks cannot outrun.
 * @param leader the group's leader; while it is alive or unreaped nobody else can have a group of its number
 * (credentials(7)), so without it nothing is sent
 */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): Signalled {
  if (leader.pid <= 1) return 'refused'
  const found = standing(leader)
  if (found === 'foreign') return 'refused'
  if (found === 'hidden') return 'not_permitted'
  const stat = readStat(leader.pid)
  if (found === 'rebooted' || !stat || stat.start_time !== leader.start_time) return 'gone'
  if (stat.pgid !== leader.pid) return 'refused'
  const kept = [process.pid, ...ancestors().keys()]
  if (kept.some(pid => readStat(pid)?.pgid === leader.pid)) return 'refused'
  return kill(-leader.pid, signal)
}

function kill(pid: number, signal: NodeJS.Signals): Signalled {
  try {
    process.kill(pid, signal)
    return 'sent'
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ESRCH') return 'gone'
    if (errno === 'EPERM') return 'not_permitted'
    throw error
  }
}
