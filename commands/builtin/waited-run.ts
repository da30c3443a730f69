/** A run as `wait` answers with it: how it ended. */
import { externalText } from '../../framework/output/sanitize.js'
import { type RunView, stopCauseOf } from '../../framework/runs/status.js'
import { NULLABLE_INTEGER, NULLABLE_STRING, OWNER_STATE, STATUS } from './run-fields.js'

/** Characters of a command line. */
const COMMAND_LENGTH = 256

export const WAITED_SCHEMA = {
  type: 'object',
  properties: {
    run_id: { type: 'string' },
    session_id: NULLABLE_STRING,
    name: NULLABLE_STRING,
    status: STATUS,
    owner: OWNER_STATE,
    exit_code: NULLABLE_INTEGER,
    signal: NULLABLE_STRING,
    exit_reason: NULLABLE_STRING,
    stop_cause: NULLABLE_STRING,
    reconcile_reason: NULLABLE_STRING,
    leftovers: { type: 'integer' },
    created_at: NULLABLE_STRING,
    ended_at: NULLABLE_STRING,
    command: { type: 'string' },
  },
  required: ['run_id', 'status', 'owner', 'exit_code', 'signal', 'exit_reason', 'stop_cause', 'leftovers'],
} as const

export function waitedRun(view: RunView) {
  const { run_id, intent, end } = view
  return {
    run_id,
    session_id: intent?.session_id ?? null,
    name: intent?.name ?? null,
    status: view.status,
    owner: view.owner_state,
    exit_code: end?.exit_code ?? null,
    signal: end?.signal ?? null,
    exit_reason: end?.exit_reason ?? null,
    stop_cause: stopCauseOf(view),
    reconcile_reason: view.reconcile_reason,
    leftovers: view.leftovers.length,
    created_at: intent?.created_at ?? null,
    ended_at: end?.ended_at ?? null,
    command: externalText(intent?.argv.join(' ') ?? '', COMMAND_LENGTH),
  }
}
