/** What a handler asks `ctx.run` for, checked before anything is recorded or started. */
import type { RunOptions } from './context.js'
import { type ProgramRequest, programRequest, refusalOf } from './program-request.js'

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

/** A request that can be carried out. */
export interface RunRequest extends ProgramRequest {
  readonly input: string | Uint8Array | null
  /** Whole milliseconds. */
  readonly timeout_ms: number | null
  readonly max_output_bytes: number
}

const refused = refusalOf('ctx.run', 'RUN_REQUEST_INVALID')

/**
 * @param cwd the call's working directory, absolute
 * @throws FrameworkExit `RUN_REQUEST_INVALID`
 */
export function runRequest(argv: readonly string[], options: RunOptions, cwd: string): RunRequest {
  const program = programRequest(argv, options, cwd, refused)
  const { input = null, timeout_ms = null, max_output_bytes = MAX_OUTPUT_BYTES } = options
  if (input !== null && typeof input !== 'string' && !(input instanceof Uint8Array))
    throw refused('input must be a string or a Uint8Array', 'input')
  if (timeout_ms !== null && !(Number.isFinite(timeout_ms) && timeout_ms > 0))
    throw refused('timeout_ms must be a number above 0; leave it out for no limit', 'timeout_ms')
  if (!(Number.isSafeInteger(max_output_bytes) && max_output_bytes >= 0))
    throw refused('max_output_bytes must be a whole number, 0 or more', 'max_output_bytes')
  return {
    ...program,
    input,
    timeout_ms: timeout_ms === null ? null : Math.ceil(timeout_ms),
    max_output_bytes,
  }
}
