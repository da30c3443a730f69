/** When a process started, as a date: the kernel counts in ticks from boot. */
import { uptime } from 'node:os'
import type { ProcessIdentity } from './identity.js'

/** USER_HZ, which is 100 on every architecture that Node runs on (proc_pid_stat(5), field 22; time(7)). */
const TICKS_PER_SECOND = 100

/** @returns ISO 8601, right to a few hundredths of a second while the wall clock is not set */
export function startedAt({ start_time }: ProcessIdentity): string {
  const age_seconds = uptime() - start_time / TICKS_PER_SECOND
  return new Date(Date.now() - age_seconds * 1_000).toISOString()
}
