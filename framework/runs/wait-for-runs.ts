/** Waiting until runs are over, many at once. */
import { pause } from '../process/clock.js'
import type { StateRoot } from '../store/state-root.js'
import { EndWatch } from './end-watch.js'

const SHORTEST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 100

/**
 * Resolves when each of the runs is over or lost: what nobody holds would be waited for in vain. Never hangs otherwise
 * than on a run that somebody holds.
 * @returns the ids of those that are lost
 * @throws the signal's reason once it fires
 */
export async function waitForRuns(
  root: StateRoot,
  run_ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  let going = run_ids.map(run_id => new EndWatch(root, run_id))
  for (let pause_ms = SHORTEST_PAUSE_MS; ; pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_MS)) {
    const looked = going
      .map(watch => ({ watch, course: watch.look() }))
      .filter(({ course }) => course !== 'over')
    going = looked.map(({ watch }) => watch)
    if (looked.every(({ course }) => course === 'lost')) return going.map(({ run_id }) => run_id)
    await pause(pause_ms, signal)
    signal.throwIfAborted()
  }
}
