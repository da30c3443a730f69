/** Waiting until runs are over, many at once. */
import { pause } from '../process/clock.js'
import type { StateRoot } from '../store/state-root.js'
import { EndWatch } from './end-watch.js'

const SHORTEST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 100

/**
 * Resolves when each of the runs is over or lost: what nobody holds would be waited for in vain. Never hangs otherwise
 * than on a run that somebody holds.
 * @param signal ends the waiting
 * @returns the ids of those that are lost
 */
export async function waitForRuns(
  root: StateRoot,
  run_ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  let going = run_ids.map(run_id => new EndWatch(root, run_id))
  for (let pause_ms = SHORTEST_PAUSE_MS; ; pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_MS)) {
    going = going.filter(watch => watch.look() !== 'over')
    if (signal.aborted || going.every(watch => watch.look() === 'lost')) return going.map(({ run_id }) => run_id)
    await pause(pause_ms, signal)
  }
}
