/** `ctx.foreground`: the one program of a command whose stdio, terminal, signals and exit code are the program's. */
import type { RunReport } from '../../schemas/generated/types.js'
import { recordIntent } from '../runs/intent.js'
import { StartFailed } from '../runs/owner.js'
import { type RunIntent, readEnd, type StopCause } from '../runs/records.js'
import { isStopping } from '../runs/session.js'
import { giveUp } from '../runs/start-main.js'
import { foreground, type StartedInForeground } from '../runtimes/foreground.js'
import { asStateDirUnavailable, type StateRoot, stateRootVariable } from '../store/state-root.js'
import { callEnding } from './call-ending.js'
import type { CallFacts } from './call-facts.js'
import type { Foreground, ForegroundOptions } from './context.js'
import { delegatedOutcome, withReport } from './delegated-outcome.js'
import { outputCopies } from './foreground-output.js'
import { type ForegroundRequest, foregroundRequest } from './foreground-request.js'
import { CapabilityError } from './framework-exit.js'
import type { Cut, Interruption } from './interruption.js'
import { ListedPid } from './listed-pid.js'
import { mergeEnvironment, newIntent, runEnvironment, runnableCleanupCommand } from './new-intent.js'
import { type Outcome, success } from './outcome.js'
import { programStartFailed } from './program-start-failed.js'
import { ReportFile } from './report-file.js'
import { type ReportParts, runReport, trackingOnRecord } from './run-report.js'
import { spelled } from './spelled-command.js'
import { sessionStopping } from './start-failures.js'
import type { StderrAnswer } from './stderr-answer.js'

export interface ForegroundCall {
  readonly facts: CallFacts
  readonly interruption: Interruption
  /** Null for a call within another one, which answers for it. */
  readonly answer: StderrAnswer | null
  readonly whole_process: boolean
}

export class ForegroundCapability implements Foreground {
  readonly #call: ForegroundCall
  /** Fires when the call ends: nothing is started any more. */
  readonly #over = new AbortController()
  #starting: Promise<StartedInForeground> | null = null
  #running: Promise<RunReport> | null = null
  #report: RunReport | null = null
  /** Whether the call ended while its program ran: the handler, where nothing else cut it short, did not wait. */
  #was_left = false
  #listed: ListedPid | null = null

  constructor(call: ForegroundCall) {
    this.#call = call
  }

  /** Whether the session's pid file has had a line of it. */
  get was_listed(): boolean {
    return this.#listed?.was_written === true
  }

  /** Whether a program ran, and its report is there. */
  get has_ended(): boolean {
    return this.#report !== null
  }

  async run(argv: readonly [string, ...string[]], options: ForegroundOptions = {}): Promise<RunReport> {
    const request = foregroundRequest(argv, options, this.#call.facts.cwd)
    if (this.#over.signal.aborted) throw callEnding()
    if (this.#running)
      throw new CapabilityError(
        'FOREGROUND_ALREADY_STARTED',
        'stdin, stdout and the exit code can be those of one program only',
        'start further programs by ctx.run, or as children of the first',
      )
    this.#running = this.#run(request)
    return this.#running
  }

  /**
   * The answer of the call: the program's exit code and its report, whatever the handler made of it. A program that the
   * handler left running was ended for it, and that is the handler's failure.
   * @param cut what cut the call short: a time limit is answered as such, a signal was the program's
   * @returns null where no program ran
   */
  answer(handled: Outcome, cut: Cut | null): Outcome | null {
    if (!this.#report) return null
    if (cut ? cut.kind === 'timeout' : this.#was_left)
      return { ...handled, data: withReport(handled, this.#report) }
    return delegatedOutcome(this.#report, cut ? success({}) : handled)
  }

  /** The call ends: so does the program, where it runs. Nothing can be started afterwards. Never rejects. */
  async end(cause: StopCause, grace_ms: number): Promise<void> {
    this.#over.abort()
    this.#was_left = this.#running !== null && this.#report === null
    const started = await this.#starting?.catch(() => null)
    started?.run.stop(cause, grace_ms)
    await this.#running?.catch(() => null)
  }

  /** KILL at once. */
  async force(): Promise<void> {
    const started = await this.#starting?.catch(() => null)
    started?.run.stop('parent_signal', 0)
    started?.run.force()
  }

  async #run(request: ForegroundRequest): Promise<RunReport> {
    const { facts, answer } = this.#call
    const file = request.report === null ? null : ReportFile.at(request.report, facts.cwd)
    if (answer) answer.file = file
    const root = facts.state()
    const intent = this.#record(root, request)
    this.#starting = this.#start(root, intent, request)
    const { run, ended } = await this.#starting
    if (answer) answer.is_shared = true
    const { pid } = run.main
    this.#listed = new ListedPid(root, intent.session_id, pid)
    const end = await ended
    await this.#listed.remove()
    const { aftermath, tracking } = run
    const { mode } = request
    this.#report = this.#reportOf({ root, intent, mode, end, main_pid: pid, aftermath, tracking })
    return this.#report
  }

  #reportOf(parts: Omit<ReportParts, 'cleanupCommand'>): RunReport {
    const { facts } = this.#call
    return runReport({
      ...parts,
      cleanupCommand: ([run_id = '', ...more]) =>
        more.length === 0
          ? runnableCleanupCommand(facts, 'stop', run_id)
          : spelled(facts, `${facts.tool.name} stop ${[run_id, ...more].join(' ')}`),
    })
  }

  /** @throws StateDirUnavailable where the disk takes no record; FrameworkExit `SESSION_STOPPING` */
  #record(root: StateRoot, request: ForegroundRequest): RunIntent {
    const { facts } = this.#call
    const { argv, cwd, mode, kill_after_ms, max_lifetime_ms, log_max_bytes } = request
    const intent = newIntent(facts, {
      kind: 'foreground',
      mode,
      argv,
      cwd,
      name: null,
      max_lifetime_ms,
      grace_ms: kill_after_ms,
      log_max_bytes,
      cleanup_command: 'stop',
    })
    try {
      recordIntent(root, intent)
    } catch (error) {
      throw asStateDirUnavailable(error, root.path, stateRootVariable(facts.tool)) ?? error
    }
    if (isStopping(root, facts.session_id)) {
      giveUp(root, intent.run_id)
      throw sessionStopping(facts.session_id)
    }
    return intent
  }

  async #start(root: StateRoot, intent: RunIntent, request: ForegroundRequest): Promise<StartedInForeground> {
    const { facts, interruption, answer, whole_process } = this.#call
    const { io } = facts
    try {
      const adapter = foreground({
        wait: request.wait,
        copies: outputCopies(io, root, intent, whole_process),
        whole_process,
        delegate: told => interruption.delegate(told),
        isEnding: () => interruption.cut !== null,
      })
      const environment = mergeEnvironment(
        io.env,
        io.replaced_env ?? {},
        request.env,
        runEnvironment(facts, intent),
      )
      await answer?.loaded
      return await adapter.spawn({ root, intent, environment, withdrawn: this.#over.signal })
    } catch (error) {
      // A start that came to nothing leaves no run behind that looks as if it might still begin.
      if (!(error instanceof StartFailed)) giveUp(root, intent.run_id)
      const end = readEnd(root, intent.run_id)
      const { mode } = request
      const tracking = trackingOnRecord(root, intent.run_id)
      const none = { root, intent, mode, main_pid: null, aftermath: null, tracking }
      throw programStartFailed(
        facts,
        intent,
        error,
        end.state === 'ok' ? this.#reportOf({ ...none, end: end.record }) : null,
      )
    } finally {
      if (!whole_process) interruption.delegate(null)
    }
  }
}
