/** The end of a stream that a command wrote itself: what is left of the answer once its items are out. */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import { styles } from './color.js'
import type { OutputFormat } from './format.js'
import { messages } from './messages.js'
import { type Rendered, renderJson } from './render.js'

/**
 * JSON lines end with exactly one last line, a summary or the error envelope (REQ-O-004); in the other forms the items
 * are all that stdout gets. Warnings, which have no line of their own, go to stderr.
 */
export function renderStreamEnd(envelope: ResponseEnvelope, format: OutputFormat): Rendered {
  if (format !== 'json' && format !== 'jsonl')
    return { stdout: '', stderr: messages(envelope, styles(false)) }
  if (!envelope.ok) return { stdout: renderJson(envelope), stderr: '' }
  const { data, meta, warnings } = envelope
  return {
    stdout: line({ _summary: true, ...meta, ...(data === null ? {} : { data }) }),
    stderr: warnings.map(warning => line({ level: 'warn', ...warning })).join(''),
  }
}

const line = (value: object): string => `${JSON.stringify(value)}\n`
