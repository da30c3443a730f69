/** Whether a process has got to run, or would run on: what tells one that is slow from one that hangs. */
import { threadsOf } from './children.js'
import type { ProcessIdentity } from './identity.js'
import { readProcFile } from './proc-file.js'
import { readStat } from './stat.js'

export interface Activity {
  /** One of its threads waits for a core that others have, or for what it has asked of the kernel. */
  readonly is_kept: boolean
  /**
   * How often each of its threads has given up a core, or lost it: more, as soon as one has run and no longer does,
   * however little it took (its time is told in steps of 10 ms).
   */
  readonly switches: readonly number[]
}

/** Null where the process is gone, or closed to us. */
export function activityOf({ pid, start_time }: ProcessIdentity): Activity | null {
  // A thread has a directory of its own, which is in no list of processes (proc_tid(5)).
  const threads = threadsOf(pid)
  // In this order: what hands its work on to another thread between two of these looks is counted by the second.
  const is_kept = threads.some(thread => ['R', 'D'].includes(readStat(thread)?.state ?? ''))
  const switches = threads.map(thread => switchesOf(pid, thread))
  return readStat(pid)?.start_time === start_time ? { is_kept, switches } : null
}

/** Voluntary and other context switches (proc_pid_status(5)). */
function switchesOf(pid: number, thread: number): number {
  const status = readProcFile(`/proc/${pid}/task/${thread}/status`)?.toString('latin1') ?? ''
  return [...status.matchAll(/^(?:non)?voluntary_ctxt_switches:\s*(\d+)$/gm)]
    .map(([, count]) => Number(count))
    .reduce((sum, one) => sum + one, 0)
}
