/** Waiting for processes that are about to end by themselves. */
import { monotonicMs, pause } from '../process/clock.js'
import type { ProcessIdentity } from '../process/identity.js'
import { look } from '../process/liveness.js'

/** How long processes that hold nothing any more may take to go, in ms. */
const HOLDER_MS = 2_000
const POLL_MS = 10

/** @returns who lingers on all the same, and for nothing */
export async function untilGone(
  processes: readonly ProcessIdentity[],
  within_ms = HOLDER_MS,
): Promise<ProcessIdentity[]> {
  const deadline = monotonicMs() + within_ms
  // One after the other: a look at each of hundreds takes the time that they need to go.
  for (const one of processes) while (look(one) === 'alive' && monotonicMs() < deadline) await pause(POLL_MS)
  return processes.filter(one => look(one) === 'alive')
}
