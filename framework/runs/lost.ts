/**
 * Ending a run whose owner died: by the guard at once, or by the next stop or cleanup where owner and guard were
 * killed together. The run is ended, never adopted; what nobody saw stays null.
 */
import { endTree } from '../process/end-tree.js'
import { identify, type ProcessIdentity, self } from '../process/identity.js'
import { openJournal } from '../process/journal.js'
import { look } from '../process/liveness.js'
import { SnapshotTracking } from '../process/snapshot.js'
import { readStat } from '../process/stat.js'
import type { StateRoot } from '../store/state-root.js'
import { leaveLive } from './intent.js'
import { describeProcess } from './owner.js'
import {
  journalPath,
  publishEnd,
  publishOwner,
  publishStop,
  RECORD_VERSION,
  type RunEnd,
  type RunIntent,
  readEnd,
  readStop,
  type StopCause,
} from './records.js'
import { findMarked, type RunView } from './status.js'

export interface EndLostOptions {
  /** The cause recorded where nobody asked before. */
  readonly cause: StopCause
  readonly grace_ms: number
  readonly force?: AbortSignal
  /** Processes that must not be taken for the run's: the caller's own. */
  readonly exclude?: readonly number[]
}

/**
 * Ends the tree of a run that has no living owner, and records the end.
 * @param view the run, its owner seen dead (or hung, and the caller decided to go past it)
 * @returns the end record that stands, ours or an earlier one
 */
export async function endLostRun(
  root: StateRoot,
  view: RunView,
  options: EndLostOptions,
): Promise<RunEnd | null> {
  const { intent } = view
  if (!intent) return null
  askOnce(root, view.run_id, options)
  const main = view.main?.main ?? unrecordedMain(intent)
  const exclude = [process.pid, ...(options.exclude ?? [])]
  const journal = openJournal(journalPath(root, view.run_id))
  const tracking = new SnapshotTracking({ main, marker: intent.marker, journal, exclude })
  const was_alive = main !== null && look(main) === 'alive'
  let killed_main = false
  const result = await endTree({
    tracking,
    grace_ms: options.grace_ms,
    ...(options.force ? { force: options.force } : {}),
    on_kill: member => {
      if (main && member.identity.pid === main.pid && look(main) === 'alive') killed_main = true
    },
  })
  const leftovers = tracking.look().marked_only
  const stop = readStop(root, view.run_id, 'stop')
  const main_survives = result.survivors.some(member => member.identity.pid === main?.pid)
  const end: RunEnd = {
    schema_version: RECORD_VERSION,
    run_id: view.run_id,
    exit_code: null,
    // Nobody of us was its parent: only a KILL that found it alive tells how it ended.
    signal: killed_main && !main_survives ? 'SIGKILL' : null,
    exit_reason: killed_main && !main_survives ? 'forced_kill' : null,
    stop_cause: stop.state === 'ok' ? stop.record.cause : options.cause,
    reconcile_reason: was_alive ? 'owner_lost' : 'owner_lost_main_gone',
    started_at: view.main?.started_at ?? null,
    main_exited_at: null,
    ended_at: new Date().toISOString(),
    error: null,
    descendants_killed: Math.max(0, result.ended - (was_alive ? 1 : 0)),
    survivors: result.survivors.map(describeProcess),
    leftovers: leftovers.map(describeProcess),
    recorder: self(),
  }
  publishEnd(root, end)
  if (end.survivors.length === 0 && end.leftovers.length === 0) leaveLive(root, view.run_id)
  const standing = readEnd(root, view.run_id)
  return standing.state === 'ok' ? standing.record : end
}

/** Records that a run never started: its starter died before any owner claimed it. */
export function abandon(root: StateRoot, run_id: string): void {
  const claim = publishOwner(root, {
    schema_version: RECORD_VERSION,
    run_id,
    abandoned: true,
    owner: null,
    guard: null,
    tracking: null,
    claimed_at: new Date().toISOString(),
  })
  if (claim === 'exists') return
  recordUnstarted(root, run_id, 'start_failed', 'abandoned', null, {
    code: 'ABANDONED',
    errno: null,
    message: 'the start was given up before any process ran',
  })
}

/** Records the end of a run of an earlier boot: nothing of it can be alive, and nobody saw how it ended. */
export function recordReboot(root: StateRoot, run_id: string): void {
  recordUnstarted(root, run_id, null, 'reboot', 'reboot', null)
}

function recordUnstarted(
  root: StateRoot,
  run_id: string,
  exit_reason: RunEnd['exit_reason'],
  reconcile_reason: string,
  stop_cause: StopCause | null,
  error: RunEnd['error'],
): void {
  publishEnd(root, {
    schema_version: RECORD_VERSION,
    run_id,
    exit_code: null,
    signal: null,
    exit_reason,
    stop_cause,
    reconcile_reason,
    started_at: null,
    main_exited_at: null,
    ended_at: new Date().toISOString(),
    error,
    descendants_killed: 0,
    survivors: [],
    leftovers: [],
    recorder: self(),
  })
  leaveLive(root, run_id)
}

function askOnce(root: StateRoot, run_id: string, options: EndLostOptions): void {
  try {
    publishStop(root, 'stop', {
      schema_version: RECORD_VERSION,
      run_id,
      cause: options.cause,
      asker: self(),
      grace_ms: options.grace_ms,
      requested_at: new Date().toISOString(),
    })
  } catch {
    // A full disk must not keep the run alive; the end record names the cause.
  }
}

/**
 * The main process of a run whose owner died between the start and `main.json`: the oldest process that carries the
 * run's marker and leads its own session, as every main process does (setsid(2) before the program).
 */
function unrecordedMain(intent: RunIntent): ProcessIdentity | null {
  const leaders = findMarked(intent.marker)
    .map(pid => readStat(pid))
    .filter(stat => stat !== null)
    .filter(stat => stat.sid === stat.pid)
    .sort((a, b) => a.start_time - b.start_time)
  const [oldest] = leaders
  return oldest ? identify(oldest.pid) : null
}
