/** How a call ended, before it becomes an envelope. */
import type { ErrorDetail, WarningDetail } from '../../schemas/generated/types.js'
import type { ArgumentFault } from '../argv/faults.js'
import {
  EXIT_CODES,
  type ExitCodeDeclaration,
  type ExitCodes,
  exitCodeNumber,
  INHERITED_EXIT_CODES,
} from '../contract/exit-codes.js'
import type { RowForPeople } from '../output/layout.js'
import type { CommandExit, ExitDetails } from './command-exit.js'
import { FrameworkExit } from './framework-exit.js'
import { exitOf, UnexpectedError } from './thrown.js'

export type Data = Readonly<Record<string, unknown>> | readonly unknown[]

export interface Outcome {
  readonly exit_code: number
  readonly data: Data | null
  readonly error: ErrorDetail | null
  readonly warnings: readonly WarningDetail[]
  /** Members of `meta` that this outcome brings. */
  readonly meta: Readonly<Record<string, unknown>>
  /** The stack of an error that nobody declared; never part of the envelope. */
  readonly trace?: string
  /** `data` as JSON text that needs no check and no cleaning any more; it stands in place of `data`. */
  readonly data_json?: string
  /** How a row of the list in `data` reads on a terminal. */
  readonly for_people?: RowForPeople
}

export type Phase = 'validation' | 'execution' | 'cleanup'

export const success = (data: Data | null, meta: Outcome['meta'] = {}): Outcome => ({
  exit_code: 0,
  data,
  error: null,
  warnings: [],
  meta,
})

/** Everything that is wrong with the input, in one answer (REQ-F-015, contract B-05). */
export function refused(faults: readonly ArgumentFault[]): Outcome {
  const [first] = faults
  const message =
    faults.length === 1 && first
      ? first.message
      : `${faults.length} things are wrong with this call: ${faults.map(fault => fault.message).join('; ')}`
  const suggestion = faults.find(fault => fault.suggestion !== undefined)?.suggestion
  return {
    exit_code: 2,
    data: null,
    error: {
      code: first && faults.length === 1 ? first.code : 'ARG_ERROR',
      message,
      retryable: false,
      phase: 'validation',
      fix_required: 'change what error.errors names and call again',
      ...(suggestion === undefined ? {} : { suggestion }),
      errors: [...faults],
    },
    warnings: [],
    meta: { errors: [...faults] },
  }
}

/** Turns whatever was thrown into a failure; never throws. */
export function failure(thrown: unknown, phase: Phase, exit_codes: ExitCodes = {}): Outcome {
  const exit = exitOf(thrown, exit_codes)
  const entry = entryOf(exit, exit_codes)
  const { code = exit.exit_name, data } = exit.details
  const trace = exit instanceof UnexpectedError ? exit.trace : undefined
  return {
    exit_code: exit.exit_code,
    data: typeof data === 'object' && data !== null ? data : null,
    error: {
      code,
      message: exit.message === '' ? `the command ended with ${exit.exit_name}` : exit.message,
      retryable: isRetryable(exit.details, entry),
      // Exit 2 says that nothing was done, whoever found it out (REQ-F-002).
      phase: exit.exit_code === 2 ? 'validation' : phase,
      ...backOff(exit.exit_code),
      ...detailMembers(exit.details),
    },
    warnings: unlisted(exit, code, entry),
    meta: {},
    ...(trace === undefined ? {} : { trace }),
  }
}

function entryOf(exit: CommandExit, exit_codes: ExitCodes): ExitCodeDeclaration | undefined {
  const own = exit_codes[exit.exit_name]
  if (own && exitCodeNumber(exit.exit_name, own) === exit.exit_code) return own
  return Object.values(INHERITED_EXIT_CODES).find(entry => entry.code === exit.exit_code)
}

/** Said for one failure it holds only where the exit leaves nothing behind (REQ-C-014, contract E-03). */
function isRetryable({ retryable }: ExitDetails, entry: ExitCodeDeclaration | undefined): boolean {
  const said = retryable ?? entry?.retryable ?? false
  return said === true && (entry?.side_effects ?? 'none') === 'none'
}

/** Who is refused for calling too often is told how long to wait, also where the command does not know (REQ-C-014). */
const backOff = (exit_code: number): Partial<ErrorDetail> =>
  exit_code === EXIT_CODES.RATE_LIMITED
    ? { retry_after_ms: 1_000, retry_strategy: 'exponential_backoff' }
    : {}

/** A list of error codes that is there is complete (ExitCodeEntry 1.1): one that is missing in it is a defect. */
function unlisted(
  exit: CommandExit,
  code: string,
  entry: ExitCodeDeclaration | undefined,
): readonly WarningDetail[] {
  if (exit instanceof FrameworkExit || !entry?.error_codes || entry.error_codes.includes(code)) return []
  return [
    {
      code: 'UNDECLARED_ERROR_CODE',
      message: `${code} is not among the error_codes that the contract declares for ${exit.exit_name}`,
    },
  ]
}

/** The members of `error` that a thrower may set; the framework's own are not among them. */
function detailMembers(details: ExitDetails): Partial<ErrorDetail> {
  const { detail, cause, context, suggestion, fix_required, fix_command, retry_after_ms } = details
  return {
    ...(detail === undefined ? {} : { detail: String(detail) }),
    ...(cause === undefined ? {} : { cause: String(cause) }),
    ...(typeof context === 'object' && context !== null ? { context } : {}),
    ...(suggestion === undefined ? {} : { suggestion: String(suggestion) }),
    ...(fix_required === undefined ? {} : { fix_required: String(fix_required) }),
    ...(fix_command === undefined ? {} : { fix_command: String(fix_command) }),
    ...(isDelay(retry_after_ms) ? { retry_after_ms } : {}),
  }
}

const isDelay = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
