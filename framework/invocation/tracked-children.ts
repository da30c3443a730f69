/**
 * The tracked children of one call: recorded, guarded, followed with their descendants, and ended with the call,
 * however it ends (REQ-F-030, REQ-F-031).
 */
import type { Readable } from 'node:stream'
import { machineEnvironment } from '../process/environment.js'
import { type Guard, startGuard } from '../runs/guard.js'
import { recordIntent } from '../runs/intent.js'
import { abandon } from '../runs/lost.js'
import { OwnedRun, StartFailed } from '../runs/owner.js'
import { refreshPidFile } from '../runs/pid-file.js'
import type { StopCause } from '../runs/records.js'
import { isStopping } from '../runs/session.js'
import type { CallFacts } from './call-facts.js'
import type { RunOptions, RunResult } from './context.js'
import { FrameworkExit } from './framework-exit.js'
import { mergeEnvironment, newIntent, runEnvironment, TRACKED_GRACE_MS } from './new-intent.js'

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
/** After the main process's exit its output is read to the end, or until nothing more came for this long, in ms. */
const QUIET_MS = 100

export class TrackedChildren {
  readonly #facts: CallFacts
  readonly #runs = new Set<OwnedRun>()
  readonly #refreshes = new Set<Promise<void>>()
  #guard: Promise<Guard> | null = null
  #closed = false
  #started_any = false

  constructor(facts: CallFacts) {
    this.#facts = facts
  }

  /** Whether this call ever started one: a call that started nothing looks for nothing. */
  get started_any(): boolean {
    return this.#started_any
  }

  async run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
    if (this.#closed)
      throw new FrameworkExit('CONFLICT', 'CALL_ENDING', 'the call is ending; nothing new is started')
    const facts = this.#facts
    const root = facts.state()
    const intent = newIntent(facts, {
      kind: 'tracked',
      argv,
      cwd: options.cwd ?? facts.cwd,
      name: null,
      max_lifetime_ms: options.timeout_ms ?? null,
      grace_ms: TRACKED_GRACE_MS,
      cleanup_command: null,
    })
    recordIntent(root, intent)
    if (isStopping(root, facts.session_id)) {
      abandon(root, intent.run_id)
      throw sessionStopping(facts.session_id)
    }
    this.#started_any = true
    const guard = await this.#startedGuard()
    const run = await this.#start(guard, intent, options)
    this.#runs.add(run)
    void run.ended.then(() => {
      this.#runs.delete(run)
      this.#refresh()
    })
    this.#refresh()
    // The call may have begun to end while the guard was starting.
    if (this.#closed) run.stop('cleanup', 0)
    return this.#collect(run, options)
  }

  /** Ends all children with one grace; resolves when nothing of them is left or the survivors are recorded. */
  async end(cause: StopCause, grace_ms: number): Promise<void> {
    this.#closed = true
    const running = [...this.#runs]
    for (const run of running) run.stop(cause, grace_ms)
    await Promise.all(running.map(run => run.ended))
    while (this.#refreshes.size > 0) await Promise.all(this.#refreshes)
    const guard = await this.#guard?.catch(() => null)
    guard?.release()
  }

  /** KILL at once to every tree: the answer to a second SIGINT. */
  force(): void {
    for (const run of this.#runs) {
      run.stop('parent_signal', 0)
      run.force()
    }
  }

  #startedGuard(): Promise<Guard> {
    if (!this.#guard) {
      this.#guard = startGuard(this.#facts.state())
      // Somebody asks for one of our runs to be stopped; in place before the first claim.
      process.on('SIGUSR2', this.#ask)
    }
    return this.#guard
  }

  readonly #ask = (): void => {
    for (const run of this.#runs) run.ask()
  }

  async #start(guard: Guard, intent: ReturnType<typeof newIntent>, options: RunOptions): Promise<OwnedRun> {
    const facts = this.#facts
    const environment = mergeEnvironment(
      machineEnvironment(facts.io.env),
      options.env ?? {},
      runEnvironment(facts, intent),
    )
    try {
      const run = await OwnedRun.start({
        root: facts.state(),
        intent,
        guard,
        environment,
        stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        end_leftovers: false,
      })
      run.child.stdin?.on('error', () => {
        // The child closed its input before it read all of it; its exit code tells whether that mattered.
      })
      run.child.stdin?.end(options.input)
      return run
    } catch (error) {
      if (!(error instanceof StartFailed)) throw error
      throw new FrameworkExit('GENERAL_ERROR', 'START_FAILED', error.message, {
        context: { errno: error.errno, run_id: intent.run_id, argv: [...intent.argv] },
        fix_required: 'name a program that exists and may be executed',
      })
    }
  }

  async #collect(run: OwnedRun, options: RunOptions): Promise<RunResult> {
    const limit = options.max_output_bytes ?? MAX_OUTPUT_BYTES
    const out = new Capture(run.child.stdout, limit)
    const err = new Capture(run.child.stderr, limit)
    const exit = await run.exited
    await Promise.all([out.settled(), err.settled()])
    return {
      run_id: run.run_id,
      pid: run.main.pid,
      exit_code: exit.exit_code,
      signal: exit.signal,
      stdout: out.text(),
      stderr: err.text(),
      truncated: out.truncated || err.truncated,
      timed_out: run.stop_cause === 'max_lifetime',
    }
  }

  #refresh(): void {
    const refresh = refreshPidFile(this.#facts.state(), this.#facts.session_id)
    this.#refreshes.add(refresh)
    void refresh.then(() => this.#refreshes.delete(refresh))
  }
}

export const sessionStopping = (session_id: string): FrameworkExit =>
  new FrameworkExit(
    'CONFLICT',
    'SESSION_STOPPING',
    `session ${session_id} is being stopped; nothing new starts in it`,
    {
      context: { session_id },
      fix_required: 'start in another session, or again when the stop has ended',
    },
  )

/** One output stream of a child, kept up to a limit. */
class Capture {
  readonly #chunks: Buffer[] = []
  readonly #limit: number
  readonly #closed: Promise<void>
  #kept = 0
  #last = 0
  truncated = false

  constructor(stream: Readable | null, limit: number) {
    this.#limit = limit
    this.#closed = new Promise(resolve => {
      if (!stream) return resolve()
      stream.on('data', (chunk: Buffer) => this.#take(chunk))
      stream.on('close', () => resolve())
    })
  }

  /** Resolves at the end of the stream, or when a leftover holds it open and says nothing. */
  async settled(): Promise<void> {
    let open = true
    void this.#closed.then(() => {
      open = false
    })
    for (;;) {
      const seen = this.#last
      await Promise.race([this.#closed, new Promise(resolve => setTimeout(resolve, QUIET_MS))])
      if (!open || this.#last === seen) return
    }
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }

  #take(chunk: Buffer): void {
    this.#last += chunk.length
    const room = this.#limit - this.#kept
    if (chunk.length > room) this.truncated = true
    const kept = chunk.subarray(0, Math.max(0, room))
    this.#kept += kept.length
    if (kept.length > 0) this.#chunks.push(kept)
  }
}
