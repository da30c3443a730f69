/** How a call ended, before it becomes an envelope. */
import type { ErrorDetail, WarningDetail } from '../../schemas/generated/types.js'
import type { ArgumentFault } from '../argv/faults.js'
import {
  type ExitCodeDeclaration,
  type ExitCodes,
  exitCodeNumber,
  INHERITED_EXIT_CODES,
} from '../contract/exit-codes.js'
import { PlatformUnsupported } from '../process/platform.js'
import { StateDirUnavailable } from '../store/state-root.js'
import { CommandExit } from './command-exit.js'
import { FrameworkExit } from './framework-exit.js'
import { TempDirUnavailable } from './temp-dir.js'

export type Data = Readonly<Record<string, unknown>> | readonly unknown[]

export interface Outcome {
  readonly exit_code: number
  readonly data: Data | null
  readonly error: ErrorDetail | null
  readonly warnings: readonly WarningDetail[]
  /** Members of `meta` that this outcome brings. */
  readonly meta: Readonly<Record<string, unknown>>
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
  const exit = asExit(thrown)
  const { code, data, retryable, ...details } = exit.details
  return {
    exit_code: exit.exit_code,
    data: data ?? null,
    error: {
      code: code ?? exit.exit_name,
      message: exit.message,
      retryable: retryable ?? entryOf(exit, exit_codes)?.retryable ?? false,
      // Exit 2 says that nothing was done, whoever found it out (REQ-F-002).
      phase: exit.exit_code === 2 ? 'validation' : phase,
      ...details,
    },
    warnings: [],
    meta: {},
  }
}

function entryOf(exit: CommandExit, exit_codes: ExitCodes): ExitCodeDeclaration | undefined {
  const declared = exit_codes[exit.exit_name]
  if (declared && exitCodeNumber(exit.exit_name, declared) === exit.exit_code) return declared
  return Object.values(INHERITED_EXIT_CODES).find(entry => entry.code === exit.exit_code)
}

function asExit(thrown: unknown): CommandExit {
  if (thrown instanceof CommandExit) return thrown
  if (thrown instanceof StateDirUnavailable) {
    return new FrameworkExit('PRECONDITION', 'STATE_DIR_UNAVAILABLE', thrown.message, {
      context: { path: thrown.path, reason: thrown.reason, variable: thrown.variable },
      fix_required: `set ${thrown.variable} to a directory of yours that nobody else can write, on a disk with space`,
    })
  }
  if (thrown instanceof PlatformUnsupported) {
    return new FrameworkExit('PRECONDITION', thrown.code, thrown.message, {
      context: { reason: thrown.reason },
      fix_required: 'run this on Linux, with a /proc of its own PID namespace',
    })
  }
  if (thrown instanceof TempDirUnavailable)
    return new FrameworkExit('PRECONDITION', 'TEMP_DIR_UNAVAILABLE', thrown.message, {
      fix_required: 'set TMPDIR to a directory of yours that nobody else can write',
    })
  return new FrameworkExit(
    'GENERAL_ERROR',
    'UNEXPECTED_ERROR',
    thrown instanceof Error ? thrown.message : String(thrown),
  )
}
