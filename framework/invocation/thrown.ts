/** Whatever a handler or the framework threw, as the exit that it stands for. */
import { type ExitCodes, exitCodeNumber } from '../contract/exit-codes.js'
import { PlatformUnsupported } from '../process/platform.js'
import { StateDirUnavailable } from '../store/state-root.js'
import { CommandExit } from './command-exit.js'
import { FrameworkExit } from './framework-exit.js'
import { TempDirUnavailable } from './temp-dir.js'

/** @param exit_codes what the contract of the command declares; an exit that it lacks is a defect of the tool (REQ-F-001) */
export function exitOf(thrown: unknown, exit_codes: ExitCodes): CommandExit {
  return declared(asExit(thrown), exit_codes)
}

/** The words of an error without its stack, which some libraries put into the message (REQ-C-013). */
export function withoutTrace(thrown: unknown): string {
  const message = wordsOf(thrown)
  return message.split(/\n\s+at /)[0] ?? message
}

/** Anything can be thrown, also what has no words for itself. */
function wordsOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
  } catch {
    return 'something was thrown that cannot be described'
  }
}

/** A defect of the tool: nobody declared it, and its stack is for stderr alone (REQ-F-006). */
export class UnexpectedError extends FrameworkExit {
  readonly trace: string | undefined

  constructor(thrown: unknown) {
    super('GENERAL_ERROR', 'UNEXPECTED_ERROR', withoutTrace(thrown), {
      fix_required: 'a defect of the tool: the stack on stderr names its place, and --debug what led to it',
    })
    this.trace = thrown instanceof Error ? thrown.stack : undefined
  }
}

const ERROR_CODE = /^[A-Z][A-Z0-9_]+$/

function declared(exit: CommandExit, exit_codes: ExitCodes): CommandExit {
  if (exit instanceof FrameworkExit) return exit
  const { exit_name, exit_code, details } = exit
  const entry = exit_codes[exit_name]
  if (!entry || exitCodeNumber(exit_name, entry) !== exit_code || exit_name === 'SUCCESS') {
    return new FrameworkExit(
      'GENERAL_ERROR',
      'UNDECLARED_EXIT',
      `the command fails with ${exit_name} (${exit_code}), which its contract does not declare`,
      { fix_required: `declare ${exit_name} in exit_codes and throw ctx.exit.${exit_name}(…)` },
    )
  }
  if (details.code === undefined || ERROR_CODE.test(details.code)) return exit
  return new FrameworkExit(
    'GENERAL_ERROR',
    'ERROR_CODE_INVALID',
    `the command fails with the error code ${JSON.stringify(details.code)}, which is none`,
    { fix_required: 'give `code` in UPPER_SNAKE, such as FILE_NOT_FOUND' },
  )
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
  return new UnexpectedError(thrown)
}
