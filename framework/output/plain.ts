/** Text that is the same for the same data: no colour, no width, nothing of the call itself. */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import { styles } from './color.js'
import { layout } from './layout.js'
import { messages } from './messages.js'
import type { Rendered } from './render.js'

/** Renders the data whole; errors and warnings go to stderr. */
export function renderPlain(envelope: ResponseEnvelope, list_key?: string | null): Rendered {
  const style = styles(false)
  const lines = layout(envelope, list_key, { style, width: 0 })
  return { stdout: lines.map(line => `${line}\n`).join(''), stderr: messages(envelope, style) }
}
