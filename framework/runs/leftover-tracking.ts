/**
 * Finding what a run left behind when it ended: those that its end names, those that its journal has beyond these, and
 * what they have started since.
 */
import { openJournal } from '../process/journal.js'
import type { TrackingMethod } from '../process/tracking.js'
import type { StateRoot } from '../store/state-root.js'
import { recordedTracking } from './recorded-tracking.js'
import { journalPath } from './records.js'
import type { RunView } from './status.js'

/** @returns null where the run left nothing */
export function leftoverTracking(root: StateRoot, view: RunView): TrackingMethod | null {
  const { run_id, end, main, leftovers } = view
  if (!end || (end.survivors.length === 0 && end.leftovers.length === 0)) return null
  const journal = openJournal(journalPath(root, run_id))
  // Reported as the run's, they are that, whatever ties them to it now.
  journal.add(...leftovers.map(({ identity }) => identity))
  return recordedTracking(root, view, main?.main ?? null, journal)
}
