/**
 * Ending what a run left behind when it ended: those that its end names, those that its journal has beyond these (an end
 * names so many and no more), and what all these have started since.
 */
import { endTree } from '../process/end-tree.js'
import { sameProcess } from '../process/identity.js'
import { openJournal } from '../process/journal.js'
import { look } from '../process/liveness.js'
import { markerState } from '../process/marker.js'
import { leftAlone } from '../process/tracking.js'
import type { StateRoot } from '../store/state-root.js'
import { describeProcesses } from './end-record.js'
import { LastLook } from './last-look.js'
import { markerOf, recordedTracking } from './recorded-tracking.js'
import { journalPath, type RunEnd } from './records.js'
import type { RunView } from './status.js'

type LeftOver = RunEnd['leftovers'][number]

export interface LeftoversEnded {
  /** What could not be ended. */
  readonly survivors: readonly LeftOver[]
  /**
   * What was not tried: nobody can tell it from a stranger, or its marker alone ties it to the run and nobody had named
   * it. Of the latter who asks once more means that, too.
   */
  readonly left_alone: readonly LeftOver[]
}

/**
 * @param grace_ms TERM to KILL
 * @returns null where nothing of it lives
 * @throws NodeJS.ErrnoException where the host could not be asked
 */
export async function endLeftovers(
  root: StateRoot,
  view: RunView,
  grace_ms: number,
): Promise<LeftoversEnded | null> {
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
  const undecided = told.filter(({ state }) => state === 'unknown').map(({ one }) => one)
  const tracking = new LastLook(recordedTracking(root, view, main?.main ?? null, journal))
  const first = tracking.look()
  if ([first.members, leftAlone(first), undecided].every(({ length }) => length === 0)) return null
  const { survivors } = await endTree({ tracking, grace_ms })
  const { marked_only } = tracking.last
  journal.add(...marked_only.map(({ identity }) => identity))
  return {
    survivors: describeProcesses(survivors),
    left_alone: [...undecided, ...describeProcesses(marked_only)].filter(
      ({ identity }) => look(identity) === 'alive',
    ),
  }
}
