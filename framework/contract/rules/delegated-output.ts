/** The answer of a command whose stdio is a program's has room for the program's report. */
import type { Rule } from '../violation.js'
import { reservedOutput } from './background-output.js'

/** schemas/run-report.json; a test holds the two together. */
export const REPORT_FIELDS = [
  'run_id',
  'session_id',
  'mode',
  'command',
  'main_pid',
  'exit_code',
  'signal',
  'exit_reason',
  'stop_cause',
  'ended_by',
  'waited_ms',
  'tracking',
  'background_processes',
  'descendants_killed',
  'cleanup_command',
  'log_path',
  'timeline',
] as const

export const delegatedOutput: Rule = function* ({ data }) {
  if (data['delegates_stdio'] !== true) return
  yield* reservedOutput(data['output_schema'], 'a command with `delegates_stdio`', REPORT_FIELDS)
}
