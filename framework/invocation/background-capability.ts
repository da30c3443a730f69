/** `ctx.background`: the one background process of a command that declared it (REQ-C-010). */

import type { CommandContract } from '../contract/declaration.js'
import { pause } from '../process/clock.js'
import { findRun } from '../runs/find.js'
import { refreshPidFile } from '../runs/pid-file.js'
import { pidFilePath } from '../runs/pid-file-path.js'
import { isReady, logPath, type RunIntent } from '../runs/records.js'
import { type RunView, viewRun } from '../runs/status.js'
import { stopRuns } from '../runs/stop.js'
import type { StartedRun } from '../runtimes/adapter.js'
import { adapterOf } from '../runtimes/adapters.js'
import { type BackgroundRequest, backgroundRequest } from './background-request.js'
import { recordStart, type Start, startRecorded } from './background-start.js'
import type { CallFacts } from './call-facts.js'
import type { Background, BackgroundOptions, BackgroundRun } from './context.js'
import { CapabilityError, FrameworkExit } from './framework-exit.js'
import { TRACKED_GRACE_MS } from './grace.js'
import { isTaken } from './local-port.js'
import { runnableCleanupCommand } from './new-intent.js'
import { awaitReadiness } from './readiness.js'
import { READY_TIMEOUT_SECONDS } from './ready-when.js'
import { runningRun } from './running-run.js'
import { holderOf } from './unique-name.js'

/** What the framework adds to the answer of a background command; a handler can neither leave it out nor forge it. */
export interface BackgroundFields {
  readonly background_pid: number
  readonly cleanup_command: string
  readonly pid_file: string
  readonly run_id: string
  readonly session_id: string
  readonly log_path: string
}

/** Of several that claimed a name in the same moment each tries again within this time, in ms. */
const CLAIM_RETRY_MS = 50

type BackgroundContract = Pick<CommandContract, 'cleanup_command' | 'max_lifetime_seconds'>

export class BackgroundCapability implements Background {
  readonly #facts: CallFacts
  readonly #contract: BackgroundContract
  readonly #signal: AbortSignal
  readonly #withdrawn = new AbortController()
  #used = false
  /** Of the run that this call started, from before its first process on. */
  #intent: RunIntent | null = null
  #started: StartedRun | null = null
  /** What is answered with: started by this call, or there before. */
  #run: BackgroundRun | null = null

  constructor(facts: CallFacts, contract: BackgroundContract, signal: AbortSignal) {
    this.#facts = facts
    this.#contract = contract
    this.#signal = signal
  }

  async spawn(argv: readonly [string, ...string[]], options: BackgroundOptions = {}): Promise<BackgroundRun> {
    const request = backgroundRequest(argv, options, this.#facts.cwd, this.#mostMs())
    this.#useOnce()
    const start: Start = {
      facts: this.#facts,
      root: this.#facts.state(),
      adapter: await adapterOf(request.runtime),
      request,
      cleanup_command: this.#contract.cleanup_command ?? null,
    }
    for (;;) {
      const recorded = await this.#recorded(start)
      if ('intent' in recorded) return this.#begin(start, recorded.intent)
      const run = await this.#join(start, recorded.joined)
      if (run) return run
    }
  }

  async #begin(start: Start, intent: RunIntent): Promise<BackgroundRun> {
    const { root, request } = start
    const { ready } = request
    this.#started = await startRecorded(start, intent, this.#withdrawn.signal)
    await refreshPidFile(root, intent.session_id, { pid: this.#started.pid, alive: true })
    if (ready) await awaitReadiness(root, intent.run_id, ready, this.#signal)
    // The call has been cut short meanwhile, and ends the run.
    this.#refuseIfEnding()
    this.#run = {
      run_id: intent.run_id,
      session_id: intent.session_id,
      pid: this.#started.pid,
      log_path: logPath(root, intent.run_id),
      existed: false,
      is_ready: ready ? true : null,
    }
    return this.#run
  }

  async existing(run_id: string): Promise<BackgroundRun> {
    this.#useOnce()
    const root = this.#facts.state()
    const found = findRun(root, run_id)
    const run = runningRun(root, found.kind === 'found' ? viewRun(root, found.run_id) : null)
    if (!run) {
      throw new FrameworkExit('NOT_FOUND', 'RUN_NOT_RUNNING', `run ${run_id} is not running`, {
        context: { run: run_id },
        fix_required: 'name a run that `ps` shows as running, or start one',
      })
    }
    this.#run = { ...run, is_ready: isReady(root, run.run_id) ? true : null }
    return this.#run
  }

  /** The fields of the answer; null where nothing was started. */
  fields(): BackgroundFields | null {
    if (!this.#run) return null
    const { run_id, session_id, pid, log_path } = this.#run
    const facts = { ...this.#facts, session_id }
    return {
      background_pid: pid,
      cleanup_command: runnableCleanupCommand(facts, this.#contract.cleanup_command ?? 'stop', run_id),
      pid_file: pidFilePath(facts.state(), session_id),
      run_id,
      session_id,
      log_path,
    }
  }

  /** The caller has been answered: the run stands on its own. */
  async confirm(): Promise<void> {
    await this.#started?.confirm()
  }

  /**
   * The caller never learned the pid: the run is ended, and it has ended when this resolves, also where its start was
   * still under way. It gets as long as tracked children do. Nothing can be started afterwards. May be called again.
   * @throws Error where something of it could not be ended
   */
  async withdraw(): Promise<void> {
    // A start under way is left: its shim, without anybody to answer, ends what it started.
    this.#withdrawn.abort()
    this.#run = null
    const intent = this.#intent
    if (!intent) return
    this.#intent = null
    const root = this.#facts.state()
    try {
      const [stopped] = await stopRuns(root, [intent.run_id], {
        cause: 'parent_signal',
        grace_ms: TRACKED_GRACE_MS,
        force: false,
      })
      await refreshPidFile(root, intent.session_id)
      if (stopped && stopped.outcome !== 'stopped' && stopped.outcome !== 'already_ended')
        throw new Error(`run ${intent.run_id} was started and could not be ended: ${intent.cleanup_command}`)
    } finally {
      this.#started?.withdraw()
    }
  }

  /** @returns the run that is about to be started, or the one that has its name already */
  async #recorded(start: Start): Promise<{ readonly intent: RunIntent } | { readonly joined: RunView }> {
    for (;;) {
      const joined = await this.#holder(start)
      if (joined) return { joined }
      await refuseTakenPort(start.request)
      this.#refuseIfEnding()
      const intent = recordStart(start)
      this.#intent = intent
      if (intent) return { intent }
      await pause(Math.random() * CLAIM_RETRY_MS, this.#signal)
    }
  }

  async #holder({ root, request }: Start): Promise<RunView | null> {
    const { name, is_name_unique, argv, cwd, runtime, ready } = request
    if (!is_name_unique || name === null) return null
    const wanted = { session_id: this.#facts.session_id, name, argv, cwd, runtime }
    const timeout_seconds = ready?.timeout_seconds ?? READY_TIMEOUT_SECONDS
    return holderOf(root, wanted, timeout_seconds * 1_000, this.#signal)
  }

  /**
   * The run is another call's: whatever comes of the wait, it is left alone.
   * @returns null where it has ended meanwhile
   */
  async #join({ root, request: { ready } }: Start, view: RunView): Promise<BackgroundRun | null> {
    const { run_id } = view
    let is_ready = isReady(root, run_id)
    // Its descriptor was its owner's to listen at; what it said there is recorded, or was never asked for.
    if (ready && !('fd' in ready) && !is_ready) {
      await awaitReadiness(root, run_id, ready, this.#signal)
      is_ready = true
    }
    this.#refuseIfEnding()
    const run = runningRun(root, viewRun(root, run_id))
    if (!run) return null
    this.#run = { ...run, is_ready: is_ready || null }
    return this.#run
  }

  /** The lifetime that the contract allows, in ms. */
  #mostMs(): number {
    return (this.#contract.max_lifetime_seconds ?? 0) * 1_000
  }

  #useOnce(): void {
    this.#refuseIfEnding()
    if (this.#used)
      throw new CapabilityError(
        'BACKGROUND_ALREADY_STARTED',
        'a background command starts exactly one process',
        'start the second process by a command of its own, or as a child of the first',
      )
    this.#used = true
  }

  #refuseIfEnding(): void {
    if (this.#withdrawn.signal.aborted)
      throw new FrameworkExit('CONFLICT', 'CALL_ENDING', 'the call is ending; nothing new is started', {
        fix_required: 'call ctx.background.spawn before the command ends, and await it',
      })
  }
}

/** @throws FrameworkExit `PORT_TAKEN` (exit 6): whoever accepts there would be taken for the program */
async function refuseTakenPort({ ready }: BackgroundRequest): Promise<void> {
  if (!ready || !('port' in ready) || !(await isTaken(ready.port))) return
  throw new FrameworkExit('CONFLICT', 'PORT_TAKEN', `something listens at port ${ready.port} already`, {
    context: { port: ready.port },
    fix_required: 'stop what listens there, or let the program listen at another port',
  })
}
