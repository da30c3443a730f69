/** What a handler asks `ctx.background.spawn` for, checked before anything is recorded or started. */
import { resolve } from 'node:path'
import type { BackgroundOptions } from './context.js'
import { FrameworkExit } from './framework-exit.js'
import type { ReadyWhen } from './readiness.js'

/** On disk; enough for a server's log, and for a machine with hundreds of runs. */
const LOG_MAX_BYTES = 64 * 1024 * 1024
/** Below this nothing useful would be kept of head and tail. */
const LEAST_LOG_BYTES = 64 * 1024

/** A request that can be carried out. */
export interface BackgroundRequest {
  readonly argv: readonly [string, ...string[]]
  /** Absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly name: string | null
  readonly ready: ReadyWhen | null
  readonly log_max_bytes: number
}

/**
 * @param cwd the call's working directory, absolute
 * @throws FrameworkExit `BACKGROUND_REQUEST_INVALID`
 */
export function backgroundRequest(
  argv: readonly string[],
  options: BackgroundOptions,
  cwd: string,
): BackgroundRequest {
  const { env = {}, name, ready, log_max_bytes = LOG_MAX_BYTES } = options
  if (!isCommandLine(argv))
    throw invalid('argv must be a list of strings without NUL, the program first', 'argv')
  if (options.cwd !== undefined && !isText(options.cwd))
    throw invalid('cwd must be a path without NUL', 'cwd')
  for (const [variable, value] of Object.entries(env)) {
    const fits = variable !== '' && !variable.includes('=') && isText(variable)
    if (!fits || (value !== undefined && !isText(value)))
      throw invalid(`env must map names to strings without NUL; ${JSON.stringify(variable)} does not`, 'env')
  }
  if (name !== undefined && !(isText(name) && name !== ''))
    throw invalid('name must be a string that is not empty', 'name')
  if (ready !== undefined && !isReadyWhen(ready))
    throw invalid('ready must be { log: RegExp, timeout_seconds?: a number above 0 }', 'ready')
  if (!Number.isSafeInteger(log_max_bytes) || log_max_bytes < LEAST_LOG_BYTES)
    throw invalid(`log_max_bytes must be a whole number, ${LEAST_LOG_BYTES} or more`, 'log_max_bytes')
  return {
    argv,
    cwd: resolve(cwd, options.cwd ?? '.'),
    env,
    name: name ?? null,
    ready: ready ?? null,
    log_max_bytes,
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

function isCommandLine(argv: unknown): argv is readonly [string, ...string[]] {
  return Array.isArray(argv) && argv.every(isText) && argv.length > 0 && argv[0] !== ''
}

function isReadyWhen(ready: unknown): ready is ReadyWhen {
  if (typeof ready !== 'object' || ready === null || !('log' in ready)) return false
  const seconds = 'timeout_seconds' in ready ? ready.timeout_seconds : undefined
  const is_time = typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0
  return ready.log instanceof RegExp && (seconds === undefined || is_time)
}

function invalid(message: string, option: string): FrameworkExit {
  return new FrameworkExit(
    'GENERAL_ERROR',
    'BACKGROUND_REQUEST_INVALID',
    `ctx.background.spawn: ${message}`,
    {
      fix_required: `mend ${option} where the command calls ctx.background.spawn`,
    },
  )
}
