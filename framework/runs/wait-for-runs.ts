/** Waiting until runs are over, many at once. */
import { pause } from '../process/clock.js'
import type { StateRoot } from '../store/state-root.js'
import { type Course, EndWatch } from './end-watch.js'

const SHORTEST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 100

/** The ids of the runs that would be waited for in vain, by what has become of them. */
export interface InVain {
  readonly lost: readonly string[]
  readonly untold: readonly string[]
}

/**
 * Resolves when each of the runs is over, lost or untold. Never hangs otherwise than on a run that somebody holds.
 * @throws the signal's reason once it fires
 */
export async function waitForRuns(
  root: StateRoot,
  run_ids: readonly string[],
  signal: AbortSignal,
): Promise<InVain> {
  let going = run_ids.map(run_id => new EndWatch(root, run_id))
  for (let pause_ms = SHORTEST_PAUSE_MS; ; pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_MS)) {
    const looked = going
      .map(watch => ({ watch, course: watch.look() }))
      .filter(({ course }) => course !== 'over')
    going = looked.map(({ watch }) => watch)
    if (looked.every(({ course }) => course !== 'going')) {
      const idsOf = (which: Course): string[] =>
        looked.filter(({ course }) => course === which).map(({ watch }) => watch.run_id)
      return { lost: idsOf('lost'), untold: idsOf('untold') }
    }
    await pause(pause_ms, signal)
    signal.throwIfAborted()
  }
}
