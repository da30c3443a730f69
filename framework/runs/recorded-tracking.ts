/** Following a run by its records, for somebody who is not its owner. */
import type { ProcessIdentity } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { type SnapshotOptions, SnapshotTracking } from '../process/snapshot.js'
import { readStat } from '../process/stat.js'
import type { StateRoot } from '../store/state-root.js'
import { otherRuns } from './other-runs.js'
import type { RunIntent } from './records.js'
import type { RunView } from './status.js'

/**
 * @param main the run's first process, where anybody knows it
 * @param past its owner, where that lives and does not answer: what it has adopted is the run's
 */
export function recordedTracking(
  root: StateRoot,
  view: RunView,
  main: ProcessIdentity | null,
  journal: SnapshotOptions['journal'],
  past: ProcessIdentity | null = null,
): SnapshotTracking {
  return new SnapshotTracking({
    main,
    marker: markerOf(view),
    journal,
    exclude: holdersOf(view),
    isRun: otherRuns(root, view.intent),
    shared_session: sharedSession(view, main),
    // By another method its owner may hold other runs, and have children of its own.
    subreaper: view.owner?.tracking?.method === 'subreaper' ? past : null,
  })
}

/** Pids of the owner and the guard, as far as they live: a dead one's may be that of a process of the run by now. */
export const holdersOf = ({ owner }: RunView): number[] =>
  [owner?.owner, owner?.guard].flatMap(holder => (holder && look(holder) === 'alive' ? [holder.pid] : []))

/** Where the intent cannot be read, the main process and the journal have to do. */
export const markerOf = ({ run_id, intent }: RunView): RunIntent['marker'] =>
  intent?.marker ?? { name: 'NO_MARKER_IS_KNOWN', value: run_id }

/** The session of a run on its caller's terminal, whose main process leads none of its own. */
function sharedSession({ main }: RunView, found: ProcessIdentity | null): number | null {
  if (main) return main.sid === main.main.pid ? null : main.sid
  // Its owner died before it wrote that down.
  const stat = found && readStat(found.pid)
  return stat && stat.sid !== stat.pid ? stat.sid : null
}
