/** The outcome of a call whose exit code is a program's: taken from its report, whatever the handler makes of it. */
import { constants } from 'node:os'
import type { RunReport } from '../../schemas/generated/types.js'
import { quoted } from '../argv/quoted.js'
import { EXIT_CODES } from '../contract/exit-codes.js'
import type { Outcome } from './outcome.js'

/** As every shell and wrapper reports the end by a signal. */
const SIGNALLED = 128

/**
 * @param handled what the handler made of the call; its failure stands where the program did not fail itself
 */
export function delegatedOutcome(report: RunReport, handled: Outcome): Outcome {
  const data = withReport(handled, report)
  const { exit_code, signal } = report
  if (exit_code === null && signal === null) return { ...unknownEnd(report), data }
  const code = exit_code ?? SIGNALLED + signalNumber(signal)
  if (code === 0) return { ...handled, data }
  const [program] = report.command
  const how = signal === null ? `exited with ${code}` : `was ended by ${signal}`
  return {
    ...handled,
    exit_code: code,
    data,
    error: {
      code: 'DELEGATED_EXIT',
      message: `${quoted(program)} ${how}`,
      retryable: false,
      phase: 'execution',
      context: { exit_code, signal },
    },
    warnings: [...handled.warnings, ...failureOf(handled)],
  }
}

/** The handler's data and the report, which no handler can change. */
export const withReport = ({ data }: Outcome, report: RunReport): Outcome['data'] => ({
  ...(Array.isArray(data) ? {} : data),
  ...report,
})

function signalNumber(name: string | null): number {
  const numbers: Readonly<Record<string, number>> = constants.signals
  return name === null ? 0 : (numbers[name] ?? 0)
}

/** Not even KILL ended it; or it is gone, and this process was never told how. */
function unknownEnd({ main_pid, exit_reason, cleanup_command }: RunReport): Omit<Outcome, 'data'> {
  const survives = exit_reason === null
  return {
    exit_code: survives ? EXIT_CODES.PARTIAL_FAILURE : EXIT_CODES.GENERAL_ERROR,
    error: {
      code: survives ? 'SURVIVORS' : 'EXIT_UNKNOWN',
      message: survives
        ? `process ${main_pid} could not be ended`
        : `process ${main_pid} is gone, and nobody was told how it ended`,
      retryable: false,
      phase: 'execution',
      ...(survives
        ? {
            fix_required:
              'end it as its own user, or wait until the kernel lets it go; then stop the run again',
          }
        : {}),
      ...(cleanup_command === undefined ? {} : { fix_command: cleanup_command }),
    },
    warnings: [],
    meta: {},
  }
}

const failureOf = ({ error }: Outcome): Outcome['warnings'] =>
  error === null
    ? []
    : [
        {
          code: 'HANDLER_FAILED',
          message: `the program had failed when the command did: ${error.message}`,
          context: { code: error.code },
        },
      ]
