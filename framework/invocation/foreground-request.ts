/** What a handler asks `ctx.foreground.run` for, checked before anything is recorded or started. */
import type { DescendantsWait } from '../runs/await-descendants.js'
import type { ForegroundOptions } from './context.js'
import { isText, type ProgramRequest, programRequest, refusalOf } from './program-request.js'

/** One year: longer is a mistake, not a wish. */
const MOST_MS = 31_536_000_000
const GRACE_MS = 2_000
const LINGER_MS = 60_000
const KILL_AFTER_MS = 5_000
const LOG_MAX_BYTES = 64 * 1024 * 1024

/** A request that can be carried out. */
export interface ForegroundRequest extends ProgramRequest {
  readonly mode: NonNullable<ForegroundOptions['mode']>
  readonly wait: DescendantsWait
  readonly kill_after_ms: number
  readonly max_lifetime_ms: number | null
  /** What its log may take on disk; 0 where nothing is captured. */
  readonly log_max_bytes: number
  /** Where the report goes instead of stderr; relative to the call's directory. */
  readonly report: string | null
}

const refused = refusalOf('ctx.foreground.run', 'FOREGROUND_REQUEST_INVALID')

/**
 * @param cwd the call's working directory, absolute
 * @throws FrameworkExit `FOREGROUND_REQUEST_INVALID`
 */
export function foregroundRequest(
  argv: readonly string[],
  options: ForegroundOptions,
  cwd: string,
): ForegroundRequest {
  const program = programRequest(argv, options, cwd, refused)
  const { mode = 'strict-run', on_leftover = 'report', capture = false, report } = options
  if (mode !== 'strict-run' && mode !== 'follow-descendants')
    throw refused("mode must be 'strict-run' or 'follow-descendants'", 'mode')
  if (on_leftover !== 'report' && on_leftover !== 'terminate')
    throw refused("on_leftover must be 'report' or 'terminate'", 'on_leftover')
  if (typeof capture !== 'boolean') throw refused('capture must be true or false', 'capture')
  if (report !== undefined && !(isText(report) && report !== ''))
    throw refused('report must be a path without NUL', 'report')
  if (options.grace_ms !== undefined && mode !== 'strict-run')
    throw refused('grace_ms is for strict-run; follow-descendants takes linger_ms', 'grace_ms')
  if (options.linger_ms !== undefined && mode !== 'follow-descendants')
    throw refused('linger_ms is for follow-descendants; strict-run takes grace_ms', 'linger_ms')
  const grace_ms = duration('grace_ms', options.grace_ms, GRACE_MS)
  const linger_ms = duration('linger_ms', options.linger_ms, LINGER_MS)
  return {
    ...program,
    mode,
    wait: {
      wait_ms: mode === 'strict-run' ? grace_ms : linger_ms,
      leftovers: on_leftover === 'terminate' ? 'end' : 'report',
    },
    kill_after_ms: duration('kill_after_ms', options.kill_after_ms, KILL_AFTER_MS),
    max_lifetime_ms:
      options.max_lifetime_ms === undefined ? null : duration('max_lifetime_ms', options.max_lifetime_ms, 0),
    log_max_bytes: capture ? LOG_MAX_BYTES : 0,
    report: report ?? null,
  }
}

function duration(option: string, given: number | undefined, fallback: number): number {
  if (given === undefined) return fallback
  if (Number.isSafeInteger(given) && given >= 1 && given <= MOST_MS) return given
  throw refused(`${option} must be a whole number from 1 to ${MOST_MS}`, option)
}
