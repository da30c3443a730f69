/** What a handler asks `ctx.run` for, checked before anything is recorded or started: from JavaScript anything can come. */
import { resolve } from 'node:path'
import type { RunOptions } from './context.js'
import { FrameworkExit } from './framework-exit.js'

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

/** A request that can be carried out. */
export interface RunRequest {
  readonly argv: readonly [string, ...string[]]
  /** Absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly input: string | Uint8Array | null
  /** Whole milliseconds. */
  readonly timeout_ms: number | null
  readonly max_output_bytes: number
}

/**
 * @param cwd the call's working directory, absolute
 * @throws FrameworkExit `RUN_REQUEST_INVALID`
 */
export function runRequest(argv: readonly string[], options: RunOptions, cwd: string): RunRequest {
  const { env = {}, input = null, timeout_ms = null, max_output_bytes = MAX_OUTPUT_BYTES } = options
  if (!isCommandLine(argv))
    throw invalid('argv must be a list of strings without NUL, the program first', 'argv')
  if (options.cwd !== undefined && !isText(options.cwd))
    throw invalid('cwd must be a path without NUL', 'cwd')
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || name.includes('=') || !isText(name) || (value !== undefined && !isText(value)))
      throw invalid(`env must map names to strings without NUL; ${JSON.stringify(name)} does not`, 'env')
  }
  if (input !== null && typeof input !== 'string' && !(input instanceof Uint8Array))
    throw invalid('input must be a string or a Uint8Array', 'input')
  if (timeout_ms !== null && !(Number.isFinite(timeout_ms) && timeout_ms > 0))
    throw invalid('timeout_ms must be a number above 0; leave it out for no limit', 'timeout_ms')
  if (!(Number.isSafeInteger(max_output_bytes) && max_output_bytes >= 0))
    throw invalid('max_output_bytes must be a whole number, 0 or more', 'max_output_bytes')
  return {
    argv,
    cwd: resolve(cwd, options.cwd ?? '.'),
    env,
    input,
    timeout_ms: timeout_ms === null ? null : Math.ceil(timeout_ms),
    max_output_bytes,
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

function isCommandLine(argv: unknown): argv is readonly [string, ...string[]] {
  return Array.isArray(argv) && argv.every(isText) && argv.length > 0 && argv[0] !== ''
}

function invalid(message: string, option: string): FrameworkExit {
  return new FrameworkExit('GENERAL_ERROR', 'RUN_REQUEST_INVALID', `ctx.run: ${message}`, {
    fix_required: `mend ${option} where the command calls ctx.run`,
  })
}
