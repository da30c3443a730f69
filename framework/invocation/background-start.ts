/** One start of a background run: its record, its name, its process; and each way to fail as the exit that an answer carries. */
import { identify, type ProcessIdentity } from '../process/identity.js'
import { recordIntent, withdrawIntent } from '../runs/intent.js'
import { claimName, type UniqueName } from '../runs/name-claim.js'
import type { RunIntent } from '../runs/records.js'
import { isStopping } from '../runs/session.js'
import { giveUp } from '../runs/start-main.js'
import type { RuntimeAdapter, StartedRun } from '../runtimes/adapter.js'
import { RunStartFailed, RuntimeUnavailable } from '../runtimes/start-refused.js'
import { asStateDirUnavailable, type StateRoot, stateRootVariable } from '../store/state-root.js'
import type { BackgroundRequest } from './background-request.js'
import type { CallFacts } from './call-facts.js'
import { FrameworkExit } from './framework-exit.js'
import { type IntentOptions, mergeEnvironment, newIntent, runEnvironment } from './new-intent.js'
import { recordedReadiness } from './ready-when.js'
import { programFix, sessionStopping } from './start-failures.js'

/** What a start goes by. */
export interface Start {
  readonly facts: CallFacts
  readonly root: StateRoot
  readonly adapter: RuntimeAdapter
  readonly request: BackgroundRequest
  /** The command path that ends the run. */
  readonly cleanup_command: string | null
}

/**
 * Records the run, and claims its name where that is unique.
 * @returns null where somebody else claimed the name in the same moment: nothing of the run is left
 * @throws StateDirUnavailable where the disk takes no record; FrameworkExit `SESSION_STOPPING`, `BOUND_PROCESS_GONE`,
 *   and what the runtime lacks
 */
export function recordStart(start: Start): RunIntent | null {
  const { facts, root, request } = start
  const { argv, cwd, name, is_name_unique, ready, bind, log_max_bytes, max_lifetime_ms, grace_ms } = request
  const bound_to = bind === null ? null : boundProcess(bind)
  const intent = prepared(start, {
    kind: 'background',
    runtime: start.adapter.runtime,
    argv,
    cwd,
    name,
    is_name_unique,
    ...(ready ? { ready: recordedReadiness(ready) } : {}),
    ...(bound_to ? { bound_to } : {}),
    log_max_bytes,
    max_lifetime_ms,
    grace_ms,
    cleanup_command: start.cleanup_command,
  })
  const { run_id, session_id } = intent
  try {
    recordIntent(root, intent)
  } catch (error) {
    throw unavailable(start, error) ?? error
  }
  if (is_name_unique && name !== null && !claimed(start, { session_id, name }, run_id)) {
    withdrawIntent(root, run_id)
    return null
  }
  if (isStopping(root, facts.session_id)) {
    giveUp(root, run_id)
    throw sessionStopping(facts.session_id)
  }
  return intent
}

function claimed(start: Start, name: UniqueName, run_id: string): boolean {
  try {
    return claimName(start.root, name, run_id)
  } catch (error) {
    withdrawIntent(start.root, run_id)
    throw unavailable(start, error) ?? error
  }
}

/** @throws FrameworkExit; nothing of the run is alive then */
export async function startRecorded(
  start: Start,
  intent: RunIntent,
  withdrawn: AbortSignal,
): Promise<StartedRun> {
  const { facts, root, adapter, request } = start
  const environment = mergeEnvironment(facts.io.env, request.env, runEnvironment(facts, intent))
  try {
    return await adapter.spawn({ root, intent, environment, withdrawn })
  } catch (error) {
    if (error instanceof RunStartFailed) throw startFailed(start, intent, error)
    throw error
  }
}

/** What the runtime lacks is told before anything is recorded. */
function prepared({ facts, root, adapter }: Start, options: IntentOptions): RunIntent {
  try {
    return adapter.prepare(root, newIntent(facts, options))
  } catch (error) {
    if (!(error instanceof RuntimeUnavailable)) throw error
    const { code, message, fix } = error
    throw new FrameworkExit('PRECONDITION', code, message, {
      context: { runtime: adapter.runtime },
      fix_required: fix,
    })
  }
}

function boundProcess(bind: number | 'parent'): ProcessIdentity {
  const pid = bind === 'parent' ? process.ppid : bind
  const identity = identify(pid)
  if (identity) return identity
  const what = bind === 'parent' ? `the parent, process ${pid},` : `process ${pid}`
  throw new FrameworkExit(
    'PRECONDITION',
    'BOUND_PROCESS_GONE',
    `${what} does not live, so nothing can be bound to it`,
    { context: { pid }, fix_required: 'name a process of this machine that lives, or bind the run to none' },
  )
}

function startFailed(start: Start, intent: RunIntent, failed: RunStartFailed): Error {
  const { code, message, errno } = failed
  const context = { errno, run_id: intent.run_id, argv: [...intent.argv] }
  switch (code) {
    case 'RECORDS_UNAVAILABLE': {
      const cause = Object.assign(new Error(message), errno === null ? {} : { code: errno })
      const fallback = new FrameworkExit('GENERAL_ERROR', 'START_FAILED', message, { context })
      return unavailable(start, cause) ?? fallback
    }
    case 'STOPPED_BEFORE_START':
      return new FrameworkExit('CONFLICT', code, message, {
        context,
        fix_required:
          'start it again, once nobody stops the session or the run, and what it is bound to lives',
      })
    case 'START_FAILED':
      return new FrameworkExit('GENERAL_ERROR', code, message, { context, fix_required: programFix(errno) })
  }
}

const unavailable = ({ root, facts }: Start, error: unknown): Error | null =>
  asStateDirUnavailable(error, root.path, stateRootVariable(facts.tool))
