/** Stopping runs from outside: ask each owner, wait for the end records, and act only where no owner can. */
import { existsSync } from 'node:fs'
import { monotonicMs } from '../process/clock.js'
import { endTree } from '../process/end-tree.js'
import { self } from '../process/identity.js'
import { IdentityTracking } from '../process/identity-tracking.js'
import { look } from '../process/liveness.js'
import { signalProcess } from '../process/signal.js'
import type { StateRoot } from '../store/state-root.js'
import { leaveLive } from './intent.js'
import { abandon, endLostRun, recordReboot } from './lost.js'
import { publishStop, RECORD_VERSION, type RunEnd, recordPath, type StopCause } from './records.js'
import { isOver, type RunView, viewRun } from './status.js'

export interface StopOptions {
  readonly cause: StopCause
  /** TERM to KILL, in milliseconds. */
  readonly grace_ms: number
  /** KILL at once, and past an owner that does not answer. */
  readonly force: boolean
}

export type StopOutcome = 'stopped' | 'already_ended' | 'survivors' | 'owner_hung' | 'foreign'

export interface StopResult {
  readonly run_id: string
  readonly outcome: StopOutcome
  readonly exit_reason: RunEnd['exit_reason']
  readonly stop_cause: RunEnd['stop_cause']
  readonly waited_ms: number
  readonly survivors: readonly { readonly pid: number; readonly cmd: string }[]
}

/** How long an owner may be silent beyond the grace before it counts as hung (design §6.3). */
const OWNER_SILENCE_MS = 2_000
const POLL_MS = 10

/**
 * Stops runs, all at once and with one deadline. Joins a stop that is under way.
 * @returns one result a run, in the order given; never says `stopped` before the end record is there
 */
export async function stopRuns(
  root: StateRoot,
  run_ids: readonly string[],
  options: StopOptions,
): Promise<StopResult[]> {
  const started = monotonicMs()
  const stops = run_ids.map(run_id => ask(root, run_id, options))
  return Promise.all(stops.map(wait => wait(started)))
}

type Wait = (started: number) => Promise<StopResult>

function ask(root: StateRoot, run_id: string, options: StopOptions): Wait {
  const view = viewRun(root, run_id)
  if (view.end) return started => endLeftovers(root, view, options, started)
  if (view.owner_state === 'foreign') return async started => result(view, 'foreign', started)
  if (view.reconcile_reason === 'reboot') {
    recordReboot(root, run_id)
    return async started => result(viewRun(root, run_id), 'already_ended', started)
  }
  if (view.reconcile_reason === 'abandoned') {
    abandon(root, run_id)
    return async started => result(viewRun(root, run_id), 'already_ended', started)
  }
  const request = requestStop(root, view, options)
  if (view.owner_state === 'alive' || view.owner_state === 'guard') {
    if (view.owner?.owner) nudge(view, request)
    return started => waitForEnd(root, view, options, started)
  }
  // Owner and guard are gone. Who linked the request does the work; the others wait for its end record.
  if (request !== 'exists') return async started => endLost(root, view, options, started)
  return started => waitForEnd(root, view, options, started)
}

type Request = 'published' | 'exists' | 'impossible'

function requestStop(root: StateRoot, view: RunView, options: StopOptions): Request {
  const record = {
    schema_version: RECORD_VERSION,
    run_id: view.run_id,
    cause: options.cause,
    asker: self(),
    grace_ms: options.grace_ms,
    requested_at: new Date().toISOString(),
  }
  try {
    const published = publishStop(root, 'stop', record)
    if (options.force) publishStop(root, 'force', record)
    return published
  } catch {
    return 'impossible'
  }
}

/** Wakes the owner. Where no request could be written (a full disk), TERM is the request that needs no space. */
function nudge(view: RunView, request: Request): void {
  const owner = view.owner?.owner
  if (owner) signalProcess(owner, request === 'impossible' ? 'SIGTERM' : 'SIGUSR2')
}

async function waitForEnd(
  root: StateRoot,
  view: RunView,
  options: StopOptions,
  started: number,
): Promise<StopResult> {
  const end_path = recordPath(root, view.run_id, 'end')
  const deadline = started + (options.force ? 0 : options.grace_ms) + OWNER_SILENCE_MS
  while (!existsSync(end_path)) {
    if (monotonicMs() >= deadline) return pastDeadline(root, view.run_id, options, started)
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
  return ended(viewRun(root, view.run_id), started)
}

async function pastDeadline(
  root: StateRoot,
  run_id: string,
  options: StopOptions,
  started: number,
): Promise<StopResult> {
  const view = viewRun(root, run_id)
  if (view.end) return ended(view, started)
  const held = view.owner_state === 'alive' || view.owner_state === 'guard'
  if (held && !options.force) return result(view, 'owner_hung', started)
  const owner = view.owner?.owner
  const done = await endLost(root, view, options, started)
  // A hung owner has nothing left to own; its guard wakes, finds the end record and goes.
  if (owner && look(owner) === 'alive') signalProcess(owner, 'SIGKILL')
  return done
}

async function endLost(
  root: StateRoot,
  view: RunView,
  options: StopOptions,
  started: number,
): Promise<StopResult> {
  const exclude = [view.owner?.owner?.pid, view.owner?.guard?.pid].filter(pid => pid !== undefined)
  const grace_ms = options.force ? 0 : options.grace_ms
  await endLostRun(root, view, { cause: options.cause, grace_ms, exclude })
  return ended(viewRun(root, view.run_id), started)
}

/** A run that has ended may have left processes behind; they are ended by their recorded identities. */
async function endLeftovers(
  root: StateRoot,
  view: RunView,
  options: StopOptions,
  started: number,
): Promise<StopResult> {
  if (view.leftovers.length === 0) {
    leaveLive(root, view.run_id)
    return result(view, 'already_ended', started)
  }
  const tracking = new IdentityTracking(view.leftovers.map(({ identity }) => identity))
  await endTree({ tracking, grace_ms: options.force ? 0 : options.grace_ms })
  const after = viewRun(root, view.run_id)
  if (after.leftovers.length > 0) return result(after, 'survivors', started)
  leaveLive(root, view.run_id)
  return result(after, 'stopped', started)
}

function ended(view: RunView, started: number): StopResult {
  if (!isOver(view) && view.leftovers.length > 0) return result(view, 'survivors', started)
  return result(view, view.end ? 'stopped' : 'owner_hung', started)
}

function result(view: RunView, outcome: StopOutcome, started: number): StopResult {
  return {
    run_id: view.run_id,
    outcome,
    exit_reason: view.end?.exit_reason ?? null,
    stop_cause: view.end?.stop_cause ?? null,
    waited_ms: Math.round(monotonicMs() - started),
    survivors: view.leftovers.map(({ identity, cmd }) => ({ pid: identity.pid, cmd })),
  }
}
