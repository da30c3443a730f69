/** What became of a run that was to be stopped. */
import type { RunEnd } from './records.js'

/** `unknown`: neither its holder nor a process of it could be found by its records, and nobody has said that it ended. */
export type StopOutcome = 'stopped' | 'already_ended' | 'survivors' | 'owner_hung' | 'foreign' | 'unknown'

export interface StopResult {
  readonly run_id: string
  readonly outcome: StopOutcome
  readonly exit_reason: RunEnd['exit_reason']
  readonly stop_cause: RunEnd['stop_cause']
  readonly waited_ms: number
  readonly survivors: readonly Survivor[]
}

/** What of a run still lives. */
export interface Survivor {
  readonly pid: number
  readonly cmd: string
  /** False where it was left alone: its environment alone ties it to the run, until the end record names it. */
  readonly tried: boolean
}
