/**
 * The beginning of a run's ownership: the claim, the main process, its record. Whatever fails after the claim, nothing
 * of the run is alive and its end is recorded, so that a caller has one thing to answer.
 */
import type { StdioOptions } from 'node:child_process'
import { existsSync } from 'node:fs'
import { pause } from '../process/clock.js'
import { endTree } from '../process/end-tree.js'
import { identityOf, type ProcessIdentity, self } from '../process/identity.js'
import { type Journal, openJournal } from '../process/journal.js'
import { keepSpareDescriptor } from '../process/proc-file.js'
import { SnapshotTracking } from '../process/snapshot.js'
import { readStat } from '../process/stat.js'
import type { Subreaper } from '../process/subreaper.js'
import { SubreaperTracking } from '../process/subreaper-tracking.js'
import type { TrackingMethod } from '../process/tracking.js'
import { type Reservation, reserve } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'
import type { DescendantsWait } from './await-descendants.js'
import { describeProcesses, endRecord, recordable, recordedError, shortened } from './end-record.js'
import type { Guard } from './guard.js'
import { leaveLive, withdrawIntent } from './intent.js'
import { abandon } from './lost.js'
import { type Streams, startChild } from './main-child.js'
import { exitOf, type MainExit } from './main-exit.js'
import { otherRuns } from './other-runs.js'
import { isUnbound } from './questions.js'
import {
  journalPath,
  publishMain,
  publishOwner,
  RECORD_VERSION,
  type RunIntent,
  readStop,
  recordPath,
} from './records.js'
import { recordsUnavailable, StartFailed } from './start-failed.js'

/** Space held for the end record from before the start, in bytes: a full disk cannot take the exit code. */
const END_BYTES = 32 * 1024
/** How long the KILL of a process that may not run may take, in ms. */
const UNDO_MS = 2_000

export interface OwnerOptions {
  readonly root: StateRoot
  readonly intent: RunIntent
  readonly guard: Guard
  /** The whole environment of the program. */
  readonly environment: Readonly<Record<string, string>>
  readonly stdio: StdioOptions
  /**
   * What happens to what the main process leaves behind: it is ended (background runs), followed until it has gone or
   * somebody stops the run (tracked children), or waited for, and then reported or ended (foreground).
   */
  readonly leftovers: 'end' | 'follow' | DescendantsWait
  /** The program stays in our own session and group, on our terminal. False where left out. */
  readonly shares_session?: boolean
  /** Resolves once all that the run wrote is in its log; asked before the end is recorded. Never rejects. */
  readonly drain?: () => Promise<void>
  /** This process holds no other run and adopts its orphans; null where they cannot be, or not by this process. */
  readonly subreaper: Subreaper | null
}

export interface StartedMain {
  readonly streams: Streams
  readonly main: ProcessIdentity
  readonly exited: Promise<MainExit>
  readonly tracking: TrackingMethod
  readonly journal: Journal
  /** Where the end will be recorded. */
  readonly reservation: Reservation
}

/**
 * Claims the run by `owner.json`, starts its main process and records it.
 * @throws StartFailed
 */
export async function startMain(options: OwnerOptions): Promise<StartedMain> {
  const reservation = claim(options)
  try {
    refuseIfStopped(options)
    return { ...(await spawnMain(options)), reservation }
  } catch (error) {
    const failed = error instanceof StartFailed ? error : recordsUnavailable(error)
    recordFailure(options, reservation, failed)
    throw failed
  }
}

/** @returns the space of the end record of a run that is ours now */
function claim({ root, intent, guard, subreaper }: OwnerOptions): Reservation {
  const { run_id } = intent
  let reservation: Reservation | null = null
  try {
    // What reading /proc needs is taken before there is anything that must be followed.
    keepSpareDescriptor()
    reservation = reserve(recordPath(root, run_id, 'end'), END_BYTES)
    const claimed = publishOwner(root, {
      schema_version: RECORD_VERSION,
      run_id,
      abandoned: false,
      owner: self(),
      guard: guard.identity,
      tracking: subreaper ? { method: 'subreaper', complete: true } : { method: 'snapshot', complete: false },
      claimed_at: new Date().toISOString(),
    })
    if (claimed === 'published') return reservation
  } catch (error) {
    reservation?.release()
    giveUp(root, run_id)
    throw recordsUnavailable(error)
  }
  reservation.release()
  const asked = readStop(root, run_id, 'stop')
  throw new StartFailed(
    'STOPPED_BEFORE_START',
    'the run was given up or stopped before it started',
    null,
    asked.state === 'ok' ? asked.record.cause : null,
  )
}

/**
 * Called by the only process that could have claimed a run and does not, or whose claim came to nothing: the end is
 * recorded, or where there is no room for that the record of the run goes altogether.
 */
export function giveUp(root: StateRoot, run_id: string): void {
  if (existsSync(recordPath(root, run_id, 'owner'))) return
  try {
    abandon(root, run_id)
  } catch {
    withdrawIntent(root, run_id)
  }
}

/** A request that cannot be read is one all the same: nobody else writes a file of that name. */
function refuseIfStopped({ root, intent }: OwnerOptions): void {
  const asked = readStop(root, intent.run_id, 'stop')
  if (asked.state === 'absent' && isUnbound(intent))
    throw new StartFailed(
      'STOPPED_BEFORE_START',
      'the process that the run is bound to has ended',
      null,
      'bound_exit',
    )
  if (asked.state === 'absent') return
  const cause = asked.state === 'ok' ? asked.record.cause : null
  throw new StartFailed('STOPPED_BEFORE_START', 'the run was stopped before it started', null, cause)
}

async function spawnMain(options: OwnerOptions): Promise<Omit<StartedMain, 'reservation'>> {
  const { root, intent, shares_session = false } = options
  const child = await startChild(options)
  let tracking: TrackingMethod | null = null
  try {
    // Until the event loop turns the child is unreaped, so its pid is its own even when it has ended (wait(2)).
    const stat = readStat(child.pid)
    if (!stat) throw new Error(`process ${child.pid} is not shown in /proc`)
    const main = identityOf(stat)
    // setsid(2) runs in the child before its program does, so else it leads a group and session of its own.
    const shared = shares_session ? readStat(process.pid) : null
    const { pgid, sid } = shared ?? { pgid: main.pid, sid: main.pid }
    const journal = openJournal(journalPath(root, intent.run_id))
    tracking = trackingOf(options, main, journal, shared?.sid ?? null)
    publishMain(root, {
      schema_version: RECORD_VERSION,
      run_id: intent.run_id,
      main,
      pgid,
      sid,
      started_at: new Date().toISOString(),
    })
    return { streams: child.streams, main, exited: exitOf(child, main), tracking, journal }
  } catch (error) {
    // What cannot be recorded may not run. As a tree where it can be followed: without its main process a descendant in
    // a session of its own is tied to it by nothing. Else as a group, which is its own while the child is unreaped.
    const undone = tracking && (await endTree({ tracking, grace_ms: 0 }).catch(() => null))
    if (!tracking) kill(shares_session ? child.pid : -child.pid)
    await Promise.race([child.exited, pause(UNDO_MS)])
    throw recordsUnavailable(error, undone?.survivors)
  }
}

function trackingOf(
  { root, intent, guard, subreaper }: OwnerOptions,
  main: ProcessIdentity,
  journal: Journal,
  shared_session: number | null,
): TrackingMethod {
  const { marker } = intent
  const isRun = otherRuns(root, intent)
  if (subreaper) return new SubreaperTracking({ subreaper, main, marker, journal, isRun })
  const exclude = [process.pid, ...(guard.identity ? [guard.identity.pid] : [])]
  return new SnapshotTracking({ main, marker, journal, exclude, isRun, shared_session })
}

/** @param target a pid, or that of a group, negative */
function kill(target: number): void {
  try {
    process.kill(target, 'SIGKILL')
  } catch {
    // Ended already, or another user's by now.
  }
}

function recordFailure({ root, intent }: OwnerOptions, reservation: Reservation, failed: StartFailed): void {
  const { code, message, errno, stop_cause, survivors } = failed
  const end = endRecord(intent.run_id, {
    exit_reason: 'start_failed',
    stop_cause,
    error: recordedError(code, message, errno),
    survivors: describeProcesses(survivors),
  })
  try {
    reservation.publish(recordable(end), shortened)
  } catch {
    // The run's directory is gone or the disk read-only; what survives is named by `live/` and the error alone.
    reservation.release()
  }
  if (survivors.length === 0) leaveLive(root, intent.run_id)
}
