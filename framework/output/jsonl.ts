/** JSON lines (REQ-O-004): one line an item, and exactly one last line, a summary or the error envelope. */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import { listOf, rowsOf } from './list.js'
import { type Rendered, renderJson } from './render.js'

/** Renders a finished answer. Warnings, which have no line of their own here, go to stderr (contract B-11). */
export function renderJsonl(envelope: ResponseEnvelope, list_key?: string | null): Rendered {
  const stderr = envelope.ok
    ? envelope.warnings.map(warning => line({ level: 'warn', ...warning })).join('')
    : ''
  if (!envelope.ok) return { stdout: renderJson(envelope), stderr }
  const list = listOf(envelope, list_key)
  const rows = list ? rowsOf(list) : envelope.data === null ? [] : [envelope.data]
  const beside = list && Object.keys(list.rest).length > 0 ? { data: list.rest } : {}
  const summary = { _summary: true, ...envelope.meta, ...beside }
  return { stdout: [...rows, summary].map(line).join(''), stderr }
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}
