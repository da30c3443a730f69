/** What the marker of another run says of a process that is tied to a run: whose it is to end. */
import { existsSync } from 'node:fs'
import type { IsRun } from '../process/marker.js'
import type { StateRoot } from '../store/state-root.js'
import { ownedBy } from './owner-mark.js'
import { hasEnded, type RunIntent, readIntent } from './records.js'

const RUN_ID = /^[0-9a-f]{12}$/
/** Runs are not nested deeper. */
const MAX_DEPTH = 64

/**
 * A process with the marker of a live run on record is that run's, which has an owner of its own. Any other value ties
 * it to nobody who would end it: that of a run that has ended, whose leftovers keep its name in `live/`, or that is
 * around ours, or that has its records elsewhere.
 * @param intent of the run that asks; null where it cannot be read
 */
export function otherRuns(root: StateRoot, intent: RunIntent | null): IsRun {
  const around = new Set(runsAround(root, intent))
  return value => {
    const owned = ownedBy(value)
    // Our own programs end with what they are there for. Also of a run that has ended: its terminal server serves others.
    if (owned !== null) return RUN_ID.test(owned) && existsSync(root.run(owned))
    return RUN_ID.test(value) && !around.has(value) && existsSync(root.live(value)) && !hasEnded(root, value)
  }
}

/** The runs around a run, from the inside, whether they go on or have ended; as far as their intents can be read. */
export function* runsAround(root: StateRoot, intent: RunIntent | null): Generator<string, void, undefined> {
  const around = new Set<string>()
  let outer = intent?.parent_run_id ?? null
  while (outer !== null && !around.has(outer) && around.size < MAX_DEPTH) {
    around.add(outer)
    yield outer
    const read = readIntent(root, outer)
    outer = read.state === 'ok' ? read.record.parent_run_id : null
  }
}
