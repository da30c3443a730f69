/** What happens to runs and sessions, as records tell it. Every event is one fact of one record. */

import type { RunEnd, RunReady, StopCause } from '../records.js'
import { type RunView, stopCauseOf } from '../status.js'

interface OfRun {
  readonly run_id: string
  /** Null where the intent cannot be read. */
  readonly session_id: string | null
  /** RFC 3339; null where nobody knows when. */
  readonly at: string | null
}

export type RunEvent = OfRun &
  (
    | { readonly event: 'started'; readonly pid: number; readonly name: string | null; readonly cmd: string }
    | { readonly event: 'ready'; readonly by: RunReady['by'] }
    | { readonly event: 'stopping'; readonly stop_cause: StopCause }
    | {
        readonly event: 'exited'
        readonly status: RunView['status']
        readonly exit_code: number | null
        readonly signal: string | null
        readonly exit_reason: RunEnd['exit_reason']
        readonly stop_cause: StopCause | null
        readonly reconcile_reason: string | null
      }
    | { readonly event: 'leftover'; readonly pid: number; readonly cmd: string }
  )

export interface SessionEvent {
  readonly event: 'session_stopped'
  readonly run_id: null
  readonly session_id: string
  readonly at: string
  /** How many runs were ended. */
  readonly stopped: number
}

export type Event = RunEvent | SessionEvent

export const EVENT_NAMES = ['started', 'ready', 'stopping', 'exited', 'leftover', 'session_stopped'] as const

/**
 * The events before the end that a look at a run's records finds: `started` first, the others in the order of their
 * time.
 */
export function eventsBeforeEnd({ run_id, intent, main, stop }: RunView, ready: RunReady | null): RunEvent[] {
  const of_run = { run_id, session_id: intent?.session_id ?? null }
  const later: RunEvent[] = [
    ...(ready ? [{ event: 'ready' as const, ...of_run, at: ready.ready_at, by: ready.by }] : []),
    ...(stop
      ? [{ event: 'stopping' as const, ...of_run, at: stop.requested_at, stop_cause: stop.cause }]
      : []),
  ]
  later.sort((a, b) => Date.parse(a.at ?? '') - Date.parse(b.at ?? ''))
  if (!main) return later
  const { pid } = main.main
  const cmd = intent?.argv.join(' ') ?? ''
  const started = { ...of_run, at: main.started_at, pid, name: intent?.name ?? null, cmd }
  return [{ event: 'started', ...started }, ...later]
}

/** The end, and one event for each process that lived on when tracking ended. */
export function eventsOfEnd(view: RunView): RunEvent[] {
  const { run_id, intent, end, status, reconcile_reason } = view
  const of_run = { run_id, session_id: intent?.session_id ?? null, at: end?.ended_at ?? null }
  const exited: RunEvent = {
    event: 'exited',
    ...of_run,
    status,
    exit_code: end?.exit_code ?? null,
    signal: end?.signal ?? null,
    exit_reason: end?.exit_reason ?? null,
    stop_cause: stopCauseOf(view),
    reconcile_reason,
  }
  const left = [...(end?.survivors ?? []), ...(end?.leftovers ?? [])]
  return [
    exited,
    ...left.map(({ identity, cmd }): RunEvent => ({ event: 'leftover', ...of_run, pid: identity.pid, cmd })),
  ]
}
