/**
 * Ending a run whose owner died: by the guard at once, or by the next stop or cleanup where owner and guard were
 * killed together. The run is ended, never adopted; what nobody saw stays null.
 */
import { type Abortable, AbortOnDemand } from '../process/abort-on-demand.js'
import { pause } from '../process/clock.js'
import { endTree } from '../process/end-tree.js'
import { type ProcessIdentity, sameProcess } from '../process/identity.js'
import { openJournal } from '../process/journal.js'
import { look } from '../process/liveness.js'
import { signalProcess } from '../process/signal.js'
import { leftAlone } from '../process/tracking.js'
import { isSymlink } from '../store/private-directory.js'
import { adoptReservation } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'
import { describeProcesses, endRecord, journalUnlisted, recordable, shortened } from './end-record.js'
import { unrecordedMain } from './evidence.js'
import { leaveLive } from './intent.js'
import { LastLook } from './last-look.js'
import { NestedEnding } from './nested.js'
import { makeRoomForEnd } from './publish-end.js'
import { holdersOf, markerOf, recordedTracking } from './recorded-tracking.js'
import {
  journalPath,
  publishEnd,
  publishStop,
  type RunEnd,
  readEnd,
  readStop,
  recordPath,
  type StopCause,
} from './records.js'
import { showingLife } from './sign-of-life.js'
import type { RunView } from './status.js'

/** How long the end of a hung owner may take after its KILL, in ms. */
const OWNER_END_MS = 2_000
const POLL_MS = 10

export interface EndLostOptions {
  /** The cause recorded where nobody asked before. */
  readonly cause: StopCause
  readonly grace_ms: number
  readonly force?: Abortable
  /** An owner that lives and does not answer: it gets KILL once its tree has ended. */
  readonly past?: ProcessIdentity
}

/** How the run ended, and whether the disk took the record of it. */
export interface LostEnd {
  readonly end: RunEnd
  readonly recorded: boolean
}

/**
 * Ends the tree of a run that has no living owner (or one that hangs, and the caller decided to go past it), and
 * records the end.
 * @returns the end that stands, ours or an earlier one
 * @throws NodeJS.ErrnoException where the host could not be asked; nothing is known of the tree then
 */
export async function endLostRun(root: StateRoot, view: RunView, options: EndLostOptions): Promise<LostEnd> {
  const { run_id } = view
  askOnce(root, run_id, options)
  const force = options.force ?? new AbortOnDemand()
  const nested = new NestedEnding(root, run_id, { grace_ms: options.grace_ms, force })
  const main =
    view.main?.main ?? (await unrecordedMain(markerOf(view), mayShareSession(view), holdersOf(view)))
  const journal = openJournal(journalPath(root, run_id))
  const tracking = new LastLook(recordedTracking(root, view, main, journal, options.past ?? null))
  const was_alive = main !== null && look(main) === 'alive'
  const ended = new Set<number>()
  let killed_main = false
  const { survivors } = await showingLife(root, run_id, () =>
    endTree({
      tracking,
      grace_ms: options.grace_ms,
      force,
      on_term: member => ended.add(member.identity.pid),
      on_kill: member => {
        ended.add(member.identity.pid)
        if (main && sameProcess(member.identity, main) && look(main) === 'alive') killed_main = true
      },
    }),
  )
  const nested_survivors = await showingLife(root, run_id, () => nested.survivors())
  if (options.past) await endOwner(options.past)
  const stop = readStop(root, run_id, 'stop')
  for (const { identity } of survivors) ended.delete(identity.pid)
  if (main) ended.delete(main.pid)
  const main_survives = main !== null && survivors.some(({ identity }) => sameProcess(identity, main))
  const end = endRecord(run_id, {
    // Nobody of us was its parent: only a KILL that found it alive tells how it ended.
    signal: killed_main && !main_survives ? 'SIGKILL' : null,
    exit_reason: killed_main && !main_survives ? 'forced_kill' : null,
    stop_cause: stop.state === 'ok' ? stop.record.cause : options.cause,
    reconcile_reason: options.past ? 'owner_hung' : was_alive ? 'owner_lost' : 'owner_lost_main_gone',
    started_at: view.main?.started_at ?? null,
    descendants_killed: ended.size,
    survivors: [...describeProcesses(survivors), ...nested_survivors],
    leftovers: describeProcesses(leftAlone(tracking.last)),
  })
  journalUnlisted(journal, end, tracking.last)
  const recorded = record(root, end, view.owner?.owner ?? null)
  const standing = readEnd(root, run_id)
  const stands = standing.state === 'ok' ? standing.record : end
  if (recorded && stands.survivors.length === 0 && stands.leftovers.length === 0) leaveLive(root, run_id)
  return { end: stands, recorded }
}

/** @returns whether an end stands on the disk now, ours or an earlier one */
function record(root: StateRoot, whole: RunEnd, owner: ProcessIdentity | null): boolean {
  const end = recordable(whole)
  if (isSymlink(root.run(end.run_id))) return false
  try {
    makeRoomForEnd(root, end.run_id)
    publishLost(root, end, owner)
    return true
  } catch {
    return readEnd(root, end.run_id).state !== 'absent'
  }
}

function publishLost(root: StateRoot, end: RunEnd, owner: ProcessIdentity | null): void {
  const path = recordPath(root, end.run_id, 'end')
  const adopt = () => (owner && look(owner) === 'gone' ? adoptReservation(path) : null)
  try {
    publishEnd(root, end)
    adopt()?.release()
  } catch (error) {
    // Space that the dead owner held: what a full disk still takes. The owner may have cut it to the end it had for us.
    const reserved = adopt()
    if (!reserved) throw error
    try {
      reserved.publish(end, shortened)
    } finally {
      reserved.release()
    }
  }
}

async function endOwner(owner: ProcessIdentity): Promise<void> {
  signalProcess(owner, 'SIGKILL')
  for (let waited = 0; look(owner) === 'alive' && waited < OWNER_END_MS; waited += POLL_MS)
    await pause(POLL_MS)
}

function askOnce(root: StateRoot, run_id: string, options: EndLostOptions): void {
  try {
    publishStop(root, 'stop', { run_id, cause: options.cause, grace_ms: options.grace_ms })
  } catch {
    // A full disk must not keep the run alive; the end record names the cause.
  }
}

const mayShareSession = ({ intent }: RunView): boolean =>
  intent?.kind === 'foreground' || intent?.terminal !== undefined
