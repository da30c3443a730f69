/** What a person at a terminal sees: the layout of `plain`, cut to the terminal, with colour where it tells something. */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import { escapeControls } from '../argv/quoted.js'
import { label } from './cells.js'
import { type Styles, styles } from './color.js'
import { layout } from './layout.js'
import { listOf } from './list.js'
import { messages } from './messages.js'
import type { Rendered, RenderOptions } from './render.js'

/** Renders the data for stdout; errors, warnings and the way to the next page for stderr. */
export function renderHuman(envelope: ResponseEnvelope, options: RenderOptions): Rendered {
  const out = styles(options.colour.stdout)
  const err = styles(options.colour.stderr)
  const lines = layout(envelope, options.list_key, {
    style: out,
    width: options.width,
    paint: (column, text) => paint(column, text, out),
    ...(options.for_people === undefined ? {} : { row: options.for_people }),
  })
  return {
    stdout: lines.map(line => `${line}\n`).join(''),
    stderr: messages(envelope, err) + emptiness(envelope, options, err) + nextPage(envelope, err),
  }
}

const GOOD = new Set(['running', 'ready', 'exited', 'stopped', 'complete', 'created', 'updated', 'true'])
const BAD = new Set(['failed', 'lost', 'survivors', 'owner_hung', 'false'])
const DOUBTFUL = new Set(['killed', 'unknown', 'foreign', 'pending'])
const STATES = new Set(['status', 'outcome', 'owner', 'ok', 'effect'])

function paint(column: string, text: string, style: Styles): string {
  if (text === '-') return style.dim(text)
  if (!STATES.has(column)) return text
  if (GOOD.has(text)) return style.green(text)
  if (BAD.has(text)) return style.red(text)
  return DOUBTFUL.has(text) ? style.yellow(text) : text
}

/** A person who sees nothing asks whether anything happened. */
function emptiness(envelope: ResponseEnvelope, { list_key }: RenderOptions, style: Styles): string {
  const list = listOf(envelope, list_key)
  if (!envelope.ok || list === null || list.items.length > 0 || Object.keys(list.rest).length > 0) return ''
  return `${style.dim(`no ${label(list.key ?? 'items')}`)}\n`
}

function nextPage({ meta: { pagination } }: ResponseEnvelope, style: Styles): string {
  if (!pagination?.has_more) return ''
  const of = pagination.total === null ? '' : ` of ${pagination.total}`
  const more =
    pagination.next_cursor === null ? '' : `; more: --cursor ${escapeControls(pagination.next_cursor)}`
  return `${style.dim(`${pagination.returned}${of} shown${more}`)}\n`
}
