/** When a process started, as a date and as an age: the kernel counts in ticks from boot. */
import { uptime } from 'node:os'
import { monotonicMs } from './clock.js'
import { type ProcessIdentity, thisHost } from './identity.js'

/** USER_HZ, which is 100 on every architecture that Node runs on (proc_pid_stat(5), field 22; time(7)). */
const TICKS_PER_SECOND = 100

/** @returns ISO 8601, right to a few hundredths of a second while the wall clock is not set */
export function startedAt({ start_time }: ProcessIdentity): string {
  const age_seconds = uptime() - start_time / TICKS_PER_SECOND
  return new Date(Date.now() - age_seconds * 1_000).toISOString()
}

/**
 * How long ago a process started, alive or not, in ms: whatever the wall clock says, and at the least, for time in which
 * the machine was suspended is left out (the ticks count it, CLOCK_MONOTONIC does not: clock_gettime(2)).
 * @returns null where it is of another host or boot
 */
export function leastAgeMs({ host_id, boot_id, start_time }: ProcessIdentity): number | null {
  const here = thisHost()
  if (host_id !== here.host_id || boot_id !== here.boot_id) return null
  return monotonicMs() - (start_time / TICKS_PER_SECOND) * 1_000
}
