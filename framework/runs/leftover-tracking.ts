/**
 * Finding what a run left behind when it ended: those that its end names, those that its journal has beyond these (an end
 * names so many and no more), and what all these have started since.
 */
import { sameProcess } from '../process/identity.js'
import { openJournal } from '../process/journal.js'
import { markerState } from '../process/marker.js'
import type { Member, TrackingMethod } from '../process/tracking.js'
import type { StateRoot } from '../store/state-root.js'
import { markerOf, recordedTracking } from './recorded-tracking.js'
import { journalPath, type RunEnd } from './records.js'
import type { RunView } from './status.js'

export interface LeftoverTracking {
  readonly tracking: TrackingMethod
  /** What nobody can tell from a stranger, neither when it was named nor now. */
  readonly undecided: readonly LeftOver[]
  /** To be told what is answered to be tied to the run by its marker alone: who asks once more means that, too. */
  readonly named: (members: readonly Member[]) => void
}

type LeftOver = RunEnd['leftovers'][number]

/**
 * @returns null where the run left nothing
 * @throws NodeJS.ErrnoException where the host could not be asked
 */
export function leftoverTracking(root: StateRoot, view: RunView): LeftoverTracking | null {
  const { run_id, end, main, leftovers } = view
  if (!end || (end.survivors.length === 0 && end.leftovers.length === 0)) return null
  const journal = openJournal(journalPath(root, run_id))
  const marker = markerOf(view)
  const isLeftAlone = ({ identity }: LeftOver): boolean =>
    end.leftovers.some(one => sameProcess(one.identity, identity))
  // Left alone in the middle of an execve(2), without arguments, it is the run's where it shows that by now.
  const told = leftovers.map(one => ({
    one,
    state: one.cmd === '' && isLeftAlone(one) ? markerState(one.identity.pid, marker) : 'own',
  }))
  // Reported as the run's, the others are that, whatever ties them to it now.
  journal.add(...told.filter(({ state }) => state === 'own').map(({ one }) => one.identity))
  return {
    tracking: recordedTracking(root, view, main?.main ?? null, journal),
    undecided: told.filter(({ state }) => state === 'unknown').map(({ one }) => one),
    named: members => journal.add(...members.map(({ identity }) => identity)),
  }
}
