/** What a handler asks `ctx.background.spawn` for, checked before anything is recorded or started. */
import type { BackgroundOptions } from './context.js'
import { isText, type ProgramRequest, programRequest, refusalOf } from './program-request.js'
import type { ReadyWhen } from './readiness.js'

/** On disk; enough for a server's log, and for a machine with hundreds of runs. */
const LOG_MAX_BYTES = 64 * 1024 * 1024
/** Below this nothing useful would be kept of head and tail. */
const LEAST_LOG_BYTES = 64 * 1024

/** A request that can be carried out. */
export interface BackgroundRequest extends ProgramRequest {
  readonly name: string | null
  readonly ready: ReadyWhen | null
  readonly log_max_bytes: number
  readonly max_lifetime_ms: number
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
  const { name, ready, log_max_bytes = LOG_MAX_BYTES, max_lifetime_ms = most_ms } = options
  if (name !== undefined && !(isText(name) && name !== ''))
    throw refused('name must be a string that is not empty', 'name')
  if (ready !== undefined && !isReadyWhen(ready))
    throw refused('ready must be { log: RegExp, timeout_seconds?: a number above 0 }', 'ready')
  if (!Number.isSafeInteger(log_max_bytes) || log_max_bytes < LEAST_LOG_BYTES)
    throw refused(`log_max_bytes must be a whole number, ${LEAST_LOG_BYTES} or more`, 'log_max_bytes')
  if (!Number.isSafeInteger(max_lifetime_ms) || max_lifetime_ms < 1 || max_lifetime_ms > most_ms)
    throw refused(
      `max_lifetime_ms must be a whole number from 1 to ${most_ms}, the contract's`,
      'max_lifetime_ms',
    )
  return {
    ...program,
    name: name ?? null,
    ready: ready ?? null,
    log_max_bytes,
    max_lifetime_ms,
  }
}

function isReadyWhen(ready: unknown): ready is ReadyWhen {
  if (typeof ready !== 'object' || ready === null || !('log' in ready)) return false
  const seconds = 'timeout_seconds' in ready ? ready.timeout_seconds : undefined
  const is_time = typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0
  return ready.log instanceof RegExp && (seconds === undefined || is_time)
}
