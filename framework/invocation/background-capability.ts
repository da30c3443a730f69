/** `ctx.background`: the one background process of a command that declared it (REQ-C-010). */

import type { CommandContract } from '../contract/declaration.js'
import { findRun } from '../runs/find.js'
import { recordIntent } from '../runs/intent.js'
import { pidFilePath, refreshPidFile } from '../runs/pid-file.js'
import { logPath, type RunIntent } from '../runs/records.js'
import { isStopping } from '../runs/session.js'
import { giveUp } from '../runs/start-main.js'
import { viewRun } from '../runs/status.js'
import { stopRuns } from '../runs/stop.js'
import {
  RunStartFailed,
  type RuntimeAdapter,
  RuntimeUnavailable,
  type StartedRun,
} from '../runtimes/adapter.js'
import { adapterOf } from '../runtimes/adapters.js'
import { asStateDirUnavailable, type StateRoot, stateRootVariable } from '../store/state-root.js'
import { type BackgroundRequest, backgroundRequest } from './background-request.js'
import type { CallFacts } from './call-facts.js'
import type { Background, BackgroundOptions, BackgroundRun } from './context.js'
import { CapabilityError, FrameworkExit } from './framework-exit.js'
import { BACKGROUND_GRACE_MS, TRACKED_GRACE_MS } from './grace.js'
import {
  type IntentOptions,
  mergeEnvironment,
  newIntent,
  runEnvironment,
  runnableCleanupCommand,
} from './new-intent.js'
import { awaitReadiness } from './readiness.js'
import { programFix, sessionStopping } from './start-failures.js'

/** What the framework adds to the answer of a background command; a handler can neither leave it out nor forge it. */
export interface BackgroundFields {
  readonly background_pid: number
  readonly cleanup_command: string
  readonly pid_file: string
  readonly run_id: string
  readonly session_id: string
  readonly log_path: string
}

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
    const root = this.#facts.state()
    const adapter = await adapterOf('background')
    this.#refuseIfEnding()
    const intent = this.#record(root, request, adapter)
    this.#started = await this.#start(root, intent, request, adapter)
    await refreshPidFile(root, intent.session_id, { pid: this.#started.pid, alive: true })
    if (request.ready) await awaitReadiness(root, intent.run_id, request.ready, this.#signal)
    // The call has been cut short meanwhile, and ends the run.
    this.#refuseIfEnding()
    this.#run = {
      run_id: intent.run_id,
      session_id: intent.session_id,
      pid: this.#started.pid,
      log_path: logPath(root, intent.run_id),
    }
    return this.#run
  }

  async existing(run_id: string): Promise<BackgroundRun> {
    this.#useOnce()
    const root = this.#facts.state()
    const found = findRun(root, run_id)
    const view = found.kind === 'found' ? viewRun(root, found.run_id) : null
    // Only what somebody holds, and nobody has asked to end, keeps its lifetime.
    if (
      !view?.intent ||
      !view.main ||
      view.status !== 'running' ||
      view.owner_state !== 'alive' ||
      view.stop
    ) {
      throw new FrameworkExit('NOT_FOUND', 'RUN_NOT_RUNNING', `run ${run_id} is not running`, {
        context: { run: run_id },
        fix_required: 'name a run that `ps` shows as running, or start one',
      })
    }
    this.#run = {
      run_id: view.run_id,
      session_id: view.intent.session_id,
      pid: view.main.main.pid,
      log_path: logPath(root, view.run_id),
    }
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

  /** @throws StateDirUnavailable where the disk takes no record; FrameworkExit `SESSION_STOPPING` */
  #record(root: StateRoot, request: BackgroundRequest, adapter: RuntimeAdapter): RunIntent {
    const facts = this.#facts
    const { argv, cwd, name, log_max_bytes, max_lifetime_ms } = request
    const intent = this.#prepared(root, adapter, {
      kind: 'background',
      runtime: adapter.runtime,
      argv,
      cwd,
      name,
      log_max_bytes,
      max_lifetime_ms,
      grace_ms: BACKGROUND_GRACE_MS,
      cleanup_command: this.#contract.cleanup_command ?? null,
    })
    try {
      recordIntent(root, intent)
    } catch (error) {
      throw this.#unavailable(root, error) ?? error
    }
    this.#intent = intent
    if (isStopping(root, facts.session_id)) {
      giveUp(root, intent.run_id)
      throw sessionStopping(facts.session_id)
    }
    return intent
  }

  /** What the runtime lacks is told before anything is recorded. */
  #prepared(root: StateRoot, adapter: RuntimeAdapter, options: IntentOptions): RunIntent {
    try {
      return adapter.prepare(root, newIntent(this.#facts, options))
    } catch (error) {
      if (!(error instanceof RuntimeUnavailable)) throw error
      const { code, message, fix } = error
      throw new FrameworkExit('PRECONDITION', code, message, {
        context: { runtime: adapter.runtime },
        fix_required: fix,
      })
    }
  }

  async #start(
    root: StateRoot,
    intent: RunIntent,
    { env }: BackgroundRequest,
    adapter: RuntimeAdapter,
  ): Promise<StartedRun> {
    const facts = this.#facts
    const environment = mergeEnvironment(facts.io.env, env, runEnvironment(facts, intent))
    try {
      return await adapter.spawn({ root, intent, environment, withdrawn: this.#withdrawn.signal })
    } catch (error) {
      if (error instanceof RunStartFailed) throw this.#startFailed(root, intent, error)
      throw error
    }
  }

  #startFailed(root: StateRoot, intent: RunIntent, failed: RunStartFailed): Error {
    const { code, message, errno } = failed
    const context = { errno, run_id: intent.run_id, argv: [...intent.argv] }
    switch (code) {
      case 'RECORDS_UNAVAILABLE': {
        const cause = Object.assign(new Error(message), errno === null ? {} : { code: errno })
        const fallback = new FrameworkExit('GENERAL_ERROR', 'START_FAILED', message, { context })
        return this.#unavailable(root, cause) ?? fallback
      }
      case 'STOPPED_BEFORE_START':
        return new FrameworkExit('CONFLICT', code, message, {
          context,
          fix_required: 'start it again, once nobody stops the session or the run',
        })
      case 'START_FAILED':
        return new FrameworkExit('GENERAL_ERROR', code, message, {
          context,
          fix_required: programFix(errno),
        })
    }
  }

  #unavailable(root: StateRoot, error: unknown): Error | null {
    return asStateDirUnavailable(error, root.path, stateRootVariable(this.#facts.tool))
  }
}
