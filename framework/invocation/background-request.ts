/** What a handler asks `ctx.background.spawn` for, checked before anything is recorded or started. */
import { RUNTIMES, type RuntimeName } from '../runtimes/adapter.js'
import { isSessionId } from '../store/session-id.js'
import type { BackgroundOptions } from './context.js'
import { BACKGROUND_GRACE_MS } from './grace.js'
import { isText, type ProgramRequest, programRequest, refusalOf } from './program-request.js'
import { isReadyWhen, type ReadyWhen } from './ready-when.js'

/** On disk; enough for a server's log, and for a machine with hundreds of runs. */
const LOG_MAX_BYTES = 64 * 1024 * 1024
/** Below this nothing useful would be kept of head and tail. */
const LEAST_LOG_BYTES = 64 * 1024

/** A request that can be carried out. */
export interface BackgroundRequest extends ProgramRequest {
  readonly runtime: RuntimeName
  readonly name: string | null
  readonly is_name_unique: boolean
  readonly ready: ReadyWhen | null
  readonly log_max_bytes: number
  readonly max_lifetime_ms: number
  readonly grace_ms: number
  readonly bind: number | 'parent' | null
}

const refused = refusalOf('ctx.background.spawn', 'BACKGROUND_REQUEST_INVALID')

/**
 * @param cwd the call's working directory, absolute
 * @param most_ms the lifetime that the contract allows
 * @throws FrameworkExit `BACKGROUND_REQUEST_INVALID`
 */
export function backgroundRequest(
  argv: readonly string[],
  options: BackgroundOptions,
  cwd: string,
  most_ms: number,
): BackgroundRequest {
  const program = programRequest(argv, options, cwd, refused)
  const { name, unique = false, ready, bind = null, runtime = 'background' } = options
  const { log_max_bytes = LOG_MAX_BYTES, max_lifetime_ms = most_ms, grace_ms = BACKGROUND_GRACE_MS } = options
  if (!isRuntime(runtime)) throw refused(`runtime must be one of ${RUNTIMES.join(', ')}`, 'runtime')
  if (name !== undefined && !(isText(name) && name !== ''))
    throw refused('name must be a string that is not empty', 'name')
  if (typeof unique !== 'boolean' || (unique && !isSessionId(name ?? '')))
    throw refused('a unique name must be one that a session could have', 'name')
  if (ready !== undefined && !isReadyWhen(ready))
    throw refused(
      'ready must have one of { log: RegExp }, { port: 1 to 65535 }, { fd: 3 to 255 }, and timeout_seconds above 0',
      'ready',
    )
  if (bind !== null && bind !== 'parent' && !(Number.isSafeInteger(bind) && bind > 0))
    throw refused("bind must be a pid or 'parent'", 'bind')
  if (!Number.isSafeInteger(log_max_bytes) || log_max_bytes < LEAST_LOG_BYTES)
    throw refused(`log_max_bytes must be a whole number, ${LEAST_LOG_BYTES} or more`, 'log_max_bytes')
  if (!Number.isSafeInteger(max_lifetime_ms) || max_lifetime_ms < 1 || max_lifetime_ms > most_ms)
    throw refused(
      `max_lifetime_ms must be a whole number from 1 to ${most_ms}, the contract's`,
      'max_lifetime_ms',
    )
  if (!Number.isSafeInteger(grace_ms) || grace_ms < 0)
    throw refused('grace_ms must be a whole number, 0 or more', 'grace_ms')
  return {
    ...program,
    runtime,
    name: name ?? null,
    is_name_unique: unique,
    bind,
    grace_ms,
    ready: ready ?? null,
    log_max_bytes,
    max_lifetime_ms,
  }
}

const isRuntime = (runtime: string): runtime is RuntimeName => RUNTIMES.some(known => known === runtime)
