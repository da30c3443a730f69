/** An event as an answer has it: an object, a line for people, a row. */
import type { OutputFormat } from '../../framework/output/format.js'
import { externalText } from '../../framework/output/sanitize.js'
import { EVENT_NAMES, type Event } from '../../framework/runs/events/event.js'

/** Characters of a command line. */
const COMMAND_LENGTH = 256

const NULLABLE_STRING = { type: ['string', 'null'] } as const

export const EVENT_SCHEMA = {
  type: 'object',
  properties: {
    event: { enum: EVENT_NAMES },
    run_id: { ...NULLABLE_STRING, description: 'Null for session_stopped' },
    session_id: NULLABLE_STRING,
    at: { ...NULLABLE_STRING, description: 'Null where nobody knows when' },
    pid: { type: 'integer', description: 'Of the main process, or of what lived on' },
    name: NULLABLE_STRING,
    cmd: { type: 'string' },
    by: { enum: ['log', 'port', 'fd'] },
    status: { enum: ['pending', 'running', 'exited', 'failed', 'killed', 'unknown'] },
    exit_code: { type: ['integer', 'null'] },
    signal: NULLABLE_STRING,
    exit_reason: NULLABLE_STRING,
    stop_cause: NULLABLE_STRING,
    reconcile_reason: NULLABLE_STRING,
    stopped: { type: 'integer', description: 'Runs that the stop of the session ended' },
  },
  required: ['event', 'run_id', 'session_id', 'at'],
} as const

/** A command line is another program's word. */
export const eventRow = (event: Event): Event =>
  'cmd' in event ? { ...event, cmd: externalText(event.cmd, COMMAND_LENGTH) } : event

/** How events are written one by one. */
export interface EventForm {
  /** What comes before the first. */
  readonly header: string
  line(row: Event): string
}

export function eventForm(format: OutputFormat): EventForm {
  if (format === 'json' || format === 'jsonl') return { header: '', line: row => `${JSON.stringify(row)}\n` }
  if (format === 'tsv')
    return { header: `${COLUMNS.join('\t')}\n`, line: row => `${cells(row).join('\t')}\n` }
  return { header: '', line: forPeople }
}

const COLUMNS = Object.keys(EVENT_SCHEMA.properties)

const cells = (row: Event): string[] => {
  const members = new Map<string, unknown>(Object.entries(row))
  return COLUMNS.map(column => String(members.get(column) ?? '').replaceAll('\\', '\\\\'))
}

function forPeople(row: Event): string {
  const { event, run_id, session_id, at, ...facts } = row
  const rest = Object.entries(facts)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${value}`)
  return `${[at ?? '-', event.padEnd(WIDEST), run_id ?? session_id ?? '-', ...rest].join(' ')}\n`
}

const WIDEST = Math.max(...EVENT_NAMES.map(name => name.length))
