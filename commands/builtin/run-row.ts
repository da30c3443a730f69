/** A run as one row of a list. */
import { externalText } from '../../framework/output/sanitize.js'
import type { RunView } from '../../framework/runs/status.js'
import { handleOf } from '../../framework/runtimes/handle.js'
import { NULLABLE_INTEGER, NULLABLE_STRING, OWNER_STATE, STATUS } from './run-fields.js'

/** Characters of a command line in a row. */
const COMMAND_LENGTH = 120

/** How the program is reached; null where nothing of it was started. */
export const HANDLE_SCHEMA = {
  type: ['object', 'null'],
  properties: {
    pid: { type: 'integer' },
    pgid: { type: 'integer' },
    socket: { type: 'string', description: 'Of the terminal server, for a run with a terminal' },
    window: { type: 'string', description: 'What the terminal server knows the run by' },
  },
} as const

export const RUN_ROW_SCHEMA = {
  type: 'object',
  properties: {
    run_id: { type: 'string' },
    short_id: { type: 'string' },
    status: STATUS,
    pid: NULLABLE_INTEGER,
    session_id: NULLABLE_STRING,
    name: NULLABLE_STRING,
    owner: OWNER_STATE,
    leftovers: { type: 'integer' },
    exit_code: NULLABLE_INTEGER,
    signal: NULLABLE_STRING,
    created_at: NULLABLE_STRING,
    runtime: { type: ['string', 'null'] },
    handle: HANDLE_SCHEMA,
    command: { type: 'string' },
  },
  required: ['run_id', 'short_id', 'status', 'pid', 'session_id', 'name', 'owner', 'leftovers', 'command'],
} as const

/** @param short_id the shortest prefix that names it */
export function runRow(view: RunView, short_id: string) {
  return {
    run_id: view.run_id,
    short_id,
    status: view.status,
    pid: view.main?.main.pid ?? null,
    session_id: view.intent?.session_id ?? null,
    name: view.intent?.name ?? null,
    owner: view.owner_state,
    leftovers: view.leftovers.length,
    exit_code: view.end?.exit_code ?? null,
    signal: view.end?.signal ?? null,
    created_at: view.intent?.created_at ?? null,
    runtime: view.intent?.runtime ?? null,
    handle: handleOf(view),
    command: externalText(view.intent?.argv.join(' ') ?? '', COMMAND_LENGTH),
  }
}

/** Characters of a session id in a table: what the generated ones differ in. */
const SESSION_LENGTH = 8

/** The same row on a terminal: one id, the session short, the age in place of the moment. @param now in ms since 1970 */
export function rowForPeople(row: Readonly<Record<string, unknown>>, now: number): Record<string, unknown> {
  const { run_id: _, handle: __, short_id, session_id, created_at, command, ...others } = row
  return {
    short_id,
    ...others,
    session: typeof session_id === 'string' ? shortened(session_id) : null,
    age: typeof created_at === 'string' ? age(now - Date.parse(created_at)) : null,
    command,
  }
}

const shortened = (session_id: string): string =>
  UUID.test(session_id) ? `${session_id.slice(0, SESSION_LENGTH)}…` : session_id

/** A session that was made up for one call. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const

/** The largest whole unit, such as `3h`; a clock that was set back makes nothing older than now. */
function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ['s', 1]
  return `${Math.floor(seconds / length)}${unit}`
}
