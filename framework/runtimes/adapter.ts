/** What a runtime is: where the program of a run lives, and how it is started and reached there. */

import type { RunIntent } from '../runs/records.js'
import type { RunView } from '../runs/status.js'
import type { StopOptions } from '../runs/stop.js'
import type { StopResult } from '../runs/stop-result.js'
import type { StateRoot } from '../store/state-root.js'
import type { RunHandle } from './handle.js'

export interface RuntimeCapabilities {
  /** The program has a terminal of its own, and `attach` opens it. */
  readonly terminal: boolean
  /** The run lives on when the call that started it has ended. */
  readonly outlives_call: boolean
  /** What the program writes is in the run's log, in order and whole. */
  readonly log: boolean
}

/** A run as its runtime is asked about it: by its records, so that nobody above assumes a process of this machine. */
export interface HeldRun {
  readonly root: StateRoot
  readonly run_id: string
}

export interface StartRequest {
  readonly root: StateRoot
  /** As `prepare` returned it, and on disk already. */
  readonly intent: RunIntent
  /** The program's whole environment; it travels by a socket, never by argv or a file. */
  readonly environment: Readonly<Record<string, string>>
  /** Fires where nobody waits for the start any more: what was started is ended by who holds it. */
  readonly withdrawn: AbortSignal
}

/** A run whose program runs; it lives on only if the start is confirmed. */
export interface StartedRun {
  readonly pid: number
  readonly handle: RunHandle
  /** The caller has been answered: from now on the run stands on its own. */
  confirm(): Promise<void>
  /** Nobody will learn the pid: who holds the run ends it. */
  withdraw(): void
}

export interface RuntimeAdapter<Started extends StartedRun = StartedRun> {
  readonly runtime: RuntimeName | 'foreground'
  readonly capabilities: RuntimeCapabilities
  /**
   * Asked before anything is recorded: whether a run can be started here, and what its intent has to say for that.
   * @throws RuntimeUnavailable
   */
  prepare(root: StateRoot, intent: RunIntent): RunIntent
  /**
   * Starts a recorded run.
   * @throws RunStartFailed, or StartFailed where this process would own the run: it was not started, its records say
   *   so too, and nothing of it is alive
   */
  spawn(request: StartRequest): Promise<Started>
  /** Ends the whole tree of the run; never says `stopped` before it was seen gone. */
  stop(run: HeldRun, options: StopOptions): Promise<StopResult>
  /** The command line that opens the run's terminal; null where it has none. */
  attach(handle: RunHandle): readonly [string, ...string[]] | null
  /** Whether the main process lives now. */
  is_alive(run: HeldRun): boolean
  /**
   * Resolves once the run is over, or lost: alive, and held by nobody who would record its end.
   * @throws the signal's reason once it fires
   */
  wait(run: HeldRun, signal: AbortSignal): Promise<RunView>
}

/** Those that a start can ask for: their runs outlive the call. */
export const RUNTIMES = ['background', 'tmux'] as const
export type RuntimeName = (typeof RUNTIMES)[number]
