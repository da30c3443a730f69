/**
 * The tracked children of one call: recorded, guarded, followed with their descendants, and ended with the call,
 * however it ends (REQ-F-030, REQ-F-031).
 */
import type { Readable } from 'node:stream'
import type { WarningDetail } from '../../schemas/generated/types.js'
import { monotonicMs, pause } from '../process/clock.js'
import { machineEnvironment } from '../process/environment.js'
import { type Guard, startGuard } from '../runs/guard.js'
import { recordIntent } from '../runs/intent.js'
import { type MainExit, OwnedRun, StartFailed } from '../runs/owner.js'
import { REWRITE_SPACING, refreshPidFile } from '../runs/pid-file.js'
import type { RunEnd, RunIntent, StopCause } from '../runs/records.js'
import { isStopping } from '../runs/session.js'
import { giveUp } from '../runs/start-main.js'
import { callEnding } from './call-ending.js'
import type { CallFacts } from './call-facts.js'
import { ChildOutput } from './child-output.js'
import type { RunOptions, RunResult } from './context.js'
import { FrameworkExit } from './framework-exit.js'
import { TRACKED_GRACE_MS } from './grace.js'
import { leftProcesses } from './left-processes.js'
import { mergeEnvironment, newIntent, runEnvironment } from './new-intent.js'
import { type RunRequest, runRequest } from './run-request.js'
import { sessionStopping, startFailed } from './start-failures.js'

/** A child and its output, which is read from the first moment on. */
interface Started {
  readonly run: OwnedRun
  readonly stdout: ChildOutput
  readonly stderr: ChildOutput
}

export class TrackedChildren {
  readonly #facts: CallFacts
  readonly #starting = new Set<Promise<unknown>>()
  readonly #runs = new Set<OwnedRun>()
  readonly #open = new Set<ChildOutput>()
  /** Of runs that did not end without a trace. */
  readonly #ends_with_rest: RunEnd[] = []
  #guard: Promise<Guard> | null = null
  #refreshing: Promise<void> | null = null
  #is_pid_file_old = false
  /** Nothing changes any more, and the call waits for the pid file. */
  readonly #all_ended = new AbortController()
  #closed: { readonly cause: StopCause; readonly grace_ms: number } | null = null
  #started_any = false

  constructor(facts: CallFacts) {
    this.#facts = facts
  }

  /** Whether this call ever began to start one: a call that started nothing looks for nothing. */
  get started_any(): boolean {
    return this.#started_any
  }

  /**
   * Runs one child.
   * @returns how it ended; where it was stopped, only after all that it started has ended, too
   * @throws FrameworkExit `START_FAILED`, `SESSION_STOPPING`, `CALL_ENDING`, `STATE_DIR_UNAVAILABLE`, `RUN_REQUEST_INVALID`
   */
  async run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
    const request = runRequest(argv, options, this.#facts.cwd)
    if (this.#closed) throw callEnding()
    const starting = this.#start(request)
    this.#starting.add(starting)
    try {
      return await resultOf(await starting)
    } finally {
      this.#starting.delete(starting)
    }
  }

  /**
   * Ends all children with one grace, and lets no more be started; resolves when nothing of them is left, or what is
   * left is recorded.
   * @returns one warning for each run of which something is alive all the same
   */
  async end(cause: StopCause, grace_ms: number): Promise<WarningDetail[]> {
    this.#closed = { cause, grace_ms }
    for (const run of this.#runs) run.stop(cause, grace_ms)
    // What is being started at this moment gives up, or becomes a run that is ended.
    await Promise.allSettled(this.#starting)
    while (this.#runs.size > 0) await Promise.all([...this.#runs].map(run => run.ended))
    // What escaped and still holds a pipe of ours must not keep an embedding process from ending.
    for (const output of this.#open) output.close()
    this.#all_ended.abort()
    await this.#refreshing
    const guard = await this.#guard?.catch(() => null)
    guard?.release()
    calls.delete(this)
    return leftProcesses(this.#facts, this.#ends_with_rest)
  }

  /** KILL at once to every tree: the answer to a second SIGINT. */
  force(): void {
    for (const run of this.#runs) {
      run.stop('parent_signal', 0)
      run.force()
    }
  }

  /** Looks whether somebody asked for one of the runs to be stopped. */
  ask(): void {
    for (const run of this.#runs) run.ask()
  }

  async #start(request: RunRequest): Promise<Started> {
    const facts = this.#facts
    const root = facts.state()
    const intent = newIntent(facts, {
      kind: 'tracked',
      argv: request.argv,
      cwd: request.cwd,
      name: null,
      max_lifetime_ms: request.timeout_ms,
      grace_ms: TRACKED_GRACE_MS,
      cleanup_command: null,
    })
    try {
      recordIntent(root, intent)
    } catch (error) {
      throw startFailed(intent, error)
    }
    this.#started_any = true
    try {
      if (isStopping(root, facts.session_id)) throw sessionStopping(facts.session_id)
      const guard = await this.#startedGuard(intent.marker)
      // The call may have begun to end meanwhile.
      if (this.#closed) throw callEnding()
      return await this.#own(guard, intent, request)
    } catch (error) {
      // A start that came to nothing leaves no run behind that looks as if it might still begin.
      if (!(error instanceof StartFailed)) giveUp(root, intent.run_id)
      throw error instanceof FrameworkExit ? error : startFailed(intent, error)
    }
  }

  async #own(guard: Guard, intent: RunIntent, request: RunRequest): Promise<Started> {
    const facts = this.#facts
    const run = await OwnedRun.start({
      root: facts.state(),
      intent,
      guard,
      environment: mergeEnvironment(
        machineEnvironment(facts.io.env),
        request.env,
        runEnvironment(facts, intent),
      ),
      stdio: [request.input === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      leftovers: 'follow',
      // There may be several in this process.
      subreaper: null,
    })
    // From here on nothing may fail before the run is in the set that the end of the call goes by.
    this.#runs.add(run)
    void run.ended.then(end => {
      this.#runs.delete(run)
      if (end.survivors.length > 0 || end.leftovers.length > 0) this.#ends_with_rest.push(end)
      this.#refresh()
    })
    if (this.#closed) run.stop(this.#closed.cause, this.#closed.grace_ms)
    const { stdin, stdout, stderr } = run.streams
    stdin?.on('error', () => {
      // The child closed its input before it read all of it; its exit code tells whether that mattered.
    })
    stdin?.end(request.input)
    this.#refresh()
    const limit = request.max_output_bytes
    return { run, stdout: this.#read(stdout, limit), stderr: this.#read(stderr, limit) }
  }

  #read(stream: Readable | null, limit: number): ChildOutput {
    const output = new ChildOutput(stream, limit)
    this.#open.add(output)
    void output.closed.then(() => this.#open.delete(output))
    return output
  }

  /** One guard for all children; one that could not be started is tried again by the next child. */
  async #startedGuard(marker: RunIntent['marker']): Promise<Guard> {
    const guard = this.#guard ?? this.#newGuard(marker)
    this.#guard = guard
    try {
      return await guard
    } catch (error) {
      if (this.#guard === guard) this.#guard = null
      throw error
    }
  }

  async #newGuard(marker: RunIntent['marker']): Promise<Guard> {
    // In place before the first claim: from then on anybody may ask.
    listenForQuestions(this)
    return startGuard(this.#facts.state(), marker)
  }

  /** One rewrite at a time, and one more where something changed meanwhile, however many children there are. */
  #refresh(): void {
    this.#is_pid_file_old = true
    this.#refreshing ??= this.#refreshWhileOld()
  }

  async #refreshWhileOld(): Promise<void> {
    while (this.#is_pid_file_old) {
      this.#is_pid_file_old = false
      const started = monotonicMs()
      await refreshPidFile(this.#facts.state(), this.#facts.session_id)
      // It goes through the records of all: were it written anew for each change, many children would wait for it.
      if (this.#is_pid_file_old)
        await pause((monotonicMs() - started) * REWRITE_SPACING, this.#all_ended.signal)
    }
    this.#refreshing = null
  }
}

/** Calls of this process that hold runs. */
const calls = new Set<TrackedChildren>()
let is_listening = false

/**
 * SIGUSR2 says that a question lies in a run's directory. The listener stays: whoever read the records a moment ago
 * may still ask a process that has just ended its last run, and the default is to die of it (signal(7)).
 */
function listenForQuestions(call: TrackedChildren): void {
  calls.add(call)
  if (is_listening) return
  is_listening = true
  process.on('SIGUSR2', () => {
    for (const each of calls) each.ask()
  })
}

async function resultOf({ run, stdout, stderr }: Started): Promise<RunResult> {
  // A main process that no signal can end is reported as a survivor; it has no exit to wait for.
  const exit: MainExit | null = await Promise.race([run.exited, run.ended.then(() => null)])
  // Who was told to stop has stopped only when its descendants have, too.
  if (run.stop_cause !== null) await run.ended
  await Promise.all([stdout.settled(), stderr.settled()])
  return {
    run_id: run.run_id,
    pid: run.main.pid,
    exit_code: exit?.exit_code ?? null,
    signal: exit?.signal ?? null,
    stdout: stdout.take(),
    stderr: stderr.take(),
    truncated: stdout.truncated || stderr.truncated,
    timed_out: run.stop_cause === 'max_lifetime',
  }
}
