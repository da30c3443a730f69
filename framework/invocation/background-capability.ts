/** `ctx.background`: the one background process of a command that declared it (REQ-C-010). */

import type { CommandContract } from '../contract/declaration.js'
import { look } from '../process/liveness.js'
import { recordIntent } from '../runs/intent.js'
import { abandon } from '../runs/lost.js'
import { pidFilePath, refreshPidFile } from '../runs/pid-file.js'
import { logPath, type RunIntent } from '../runs/records.js'
import { isStopping } from '../runs/session.js'
import { viewRun } from '../runs/status.js'
import { stopRuns } from '../runs/stop.js'
import { BackgroundStartFailed, type StartedRun, startInBackground } from '../runtimes/background.js'
import type { CallFacts } from './call-facts.js'
import type { Background, BackgroundOptions, BackgroundRun } from './context.js'
import { CapabilityError, FrameworkExit } from './framework-exit.js'
import {
  BACKGROUND_GRACE_MS,
  runnableCleanupCommand,
  mergeEnvironment,
  newIntent,
  runEnvironment,
} from './new-intent.js'
import { awaitReadiness } from './readiness.js'
import { sessionStopping } from './tracked-children.js'

/** What the framework adds to the answer of a background command; a handler can neither leave it out nor forge it. */
export interface BackgroundFields {
  readonly background_pid: number
  readonly cleanup_command: string
  readonly pid_file: string
  readonly run_id: string
  readonly session_id: string
  readonly log_path: string
}

/** The names of those fields. */
export const BACKGROUND_FIELDS = [
  'background_pid',
  'cleanup_command',
  'pid_file',
  'run_id',
  'session_id',
  'log_path',
] as const satisfies readonly (keyof BackgroundFields)[]

type BackgroundContract = Pick<CommandContract, 'cleanup_command' | 'max_lifetime_seconds'>

export class BackgroundCapability implements Background {
  readonly #facts: CallFacts
  readonly #contract: BackgroundContract
  readonly #signal: AbortSignal
  #used = false
  #started: StartedRun | null = null
  #run: BackgroundRun | null = null
  #intent: RunIntent | null = null

  constructor(facts: CallFacts, contract: BackgroundContract, signal: AbortSignal) {
    this.#facts = facts
    this.#contract = contract
    this.#signal = signal
  }

  async spawn(argv: readonly [string, ...string[]], options: BackgroundOptions = {}): Promise<BackgroundRun> {
    this.#useOnce()
    const facts = this.#facts
    const root = facts.state()
    const intent = newIntent(facts, {
      kind: 'background',
      argv,
      cwd: options.cwd ?? facts.cwd,
      name: options.name ?? null,
      max_lifetime_ms: (this.#contract.max_lifetime_seconds ?? 0) * 1_000,
      grace_ms: BACKGROUND_GRACE_MS,
      cleanup_command: this.#contract.cleanup_command ?? null,
    })
    recordIntent(root, intent)
    this.#intent = intent
    if (isStopping(root, facts.session_id)) {
      abandon(root, intent.run_id)
      throw sessionStopping(facts.session_id)
    }
    const environment = mergeEnvironment(facts.io.env, options.env ?? {}, runEnvironment(facts, intent))
    this.#started = await this.#start(intent, environment)
    await refreshPidFile(root, facts.session_id)
    if (options.ready) await awaitReadiness(root, intent.run_id, options.ready, this.#signal)
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
    const view = viewRun(root, run_id)
    if (!view.intent || !view.main || view.status !== 'running' || look(view.main.main) !== 'alive')
      throw new FrameworkExit('NOT_FOUND', 'RUN_NOT_RUNNING', `run ${run_id} is not running`)
    this.#intent = view.intent
    this.#run = {
      run_id,
      session_id: view.intent.session_id,
      pid: view.main.main.pid,
      log_path: logPath(root, run_id),
    }
    return this.#run
  }

  /** The fields of the answer; null where nothing was started. */
  fields(): BackgroundFields | null {
    if (!this.#run || !this.#intent) return null
    const facts = { ...this.#facts, session_id: this.#intent.session_id }
    return {
      background_pid: this.#run.pid,
      cleanup_command: runnableCleanupCommand(facts, this.#contract.cleanup_command ?? 'stop', this.#run.run_id),
      pid_file: pidFilePath(facts.state(), facts.session_id),
      run_id: this.#run.run_id,
      session_id: this.#run.session_id,
      log_path: this.#run.log_path,
    }
  }

  /** The caller has been answered: the run stands on its own. */
  async confirm(): Promise<void> {
    await this.#started?.confirm()
  }

  /** The caller never learned the pid: the run is ended, and it has ended when this resolves. */
  async withdraw(): Promise<void> {
    if (!this.#started || !this.#intent) return
    const started = this.#started
    this.#started = null
    this.#run = null
    const grace_ms = this.#intent.limits.grace_ms
    await stopRuns(this.#facts.state(), [this.#intent.run_id], {
      cause: 'parent_signal',
      grace_ms,
      force: false,
    })
    started.withdraw()
  }

  #useOnce(): void {
    if (this.#used)
      throw new CapabilityError(
        'BACKGROUND_ALREADY_STARTED',
        'a background command starts exactly one process',
        'start the second process by a command of its own, or as a child of the first',
      )
    this.#used = true
  }

  async #start(intent: RunIntent, environment: Readonly<Record<string, string>>): Promise<StartedRun> {
    try {
      return await startInBackground(this.#facts.state(), intent, environment)
    } catch (error) {
      if (!(error instanceof BackgroundStartFailed)) throw error
      throw new FrameworkExit('GENERAL_ERROR', 'START_FAILED', error.message, {
        context: { errno: error.errno, run_id: intent.run_id, argv: [...intent.argv] },
        fix_required: 'name a program and a working directory that exist and may be used',
      })
    }
  }
}
