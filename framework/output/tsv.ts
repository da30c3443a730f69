/** Tab-separated values: a header, then one line a row, for tools that cut columns. */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import { styles } from './color.js'
import { columnsOf, type Fields, isFields, listOf, rowsOf } from './list.js'
import { messages } from './messages.js'
import type { Rendered } from './render.js'

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/**
 * Renders the list, or the whole answer as one row. Null and absent are empty; what is nested is JSON; a tab, a line
 * break and a backslash are escaped. Errors and warnings go to stderr.
 */
export function renderTsv(envelope: ResponseEnvelope, list_key?: string | null): Rendered {
  const list = listOf(envelope, list_key)
  const rows: Fields[] = list ? rowsOf(list) : isFields(envelope.data) ? [envelope.data] : []
  const columns = columnsOf(rows)
  const header = columns.map(escapeField).join('\t')
  const lines = rows.map(row => columns.map(column => field(row[column])).join('\t'))
  return {
    stdout: columns.length === 0 ? '' : [header, ...lines].map(line => `${line}\n`).join(''),
    stderr: messages(envelope, styles(false)),
  }
}

function field(value: unknown): string {
  if (value === null || value === undefined) return ''
  return escapeField(typeof value === 'string' ? value : JSON.stringify(value))
}

function escapeField(text: string): string {
  return text.replace(/[\\\t\n\r]/g, character => ESCAPES[character] ?? character)
}
