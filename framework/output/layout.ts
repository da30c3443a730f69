/** An answer's data laid out for reading: a table for a list, aligned keys and values for a record. */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import { escapeControls } from '../argv/quoted.js'
import { cell, isScalar, label } from './cells.js'
import { displayWidth } from './display-width.js'
import { type Fields, isFields, isList, listOf } from './list.js'
import { type TableOptions, tableLines } from './table.js'

const INDENT = '  '

/** A row with the columns that a person looks for, in their order. */
export type RowForPeople = (row: Fields) => Fields

export interface LayoutOptions extends TableOptions {
  /** Rewrites the rows of the list. */
  readonly row?: RowForPeople
}

/** Lines for stdout. */
export function layout(
  envelope: ResponseEnvelope,
  list_key: string | null | undefined,
  { row, ...options }: LayoutOptions,
): string[] {
  const { data } = envelope
  if (data === null) return []
  const list = listOf(envelope, list_key)
  // An empty list beside something else is a fact about that; alone there is nothing to show.
  const empty = list !== null && list.items.length === 0 && Object.keys(list.rest).length > 0
  if (list === null || empty) return isFields(data) ? recordLines(data, options) : []
  const above = recordLines(list.rest, options)
  const items = row ? list.items.map(item => (isFields(item) ? row(item) : item)) : list.items
  const rows = listLines(items, options)
  return above.length > 0 && rows.length > 0 ? [...above, '', ...rows] : [...above, ...rows]
}

function listLines(items: readonly unknown[], options: TableOptions): string[] {
  const rows = items.filter(isFields)
  if (rows.length > 0 && rows.length === items.length) return tableLines(rows, options)
  return items.map(item => (typeof item === 'string' ? escapeControls(item) : cell(item)))
}

function recordLines(record: Fields, options: TableOptions): string[] {
  const members = Object.entries(record)
  const keys = Math.max(
    0,
    ...members.filter(([name, value]) => !isBlock(name, value)).map(([name]) => displayWidth(label(name))),
  )
  return members.flatMap(([name, value]) => {
    const title = options.style.dim(label(name))
    const block = blockLines(name, value, options)
    if (block !== null) return [title, ...block.map(line => INDENT + line)]
    const padding = ' '.repeat(keys - displayWidth(label(name)))
    const text = cell(value)
    return [`${title}${padding}${INDENT}${options.paint?.(name, text) ?? text}`]
  })
}

/** What does not go on one line: a record, a list of records, text of several lines. */
function blockLines(name: string, value: unknown, options: TableOptions): string[] | null {
  if (!isBlock(name, value)) return null
  const narrower = { ...options, width: Math.max(0, options.width - INDENT.length) }
  if (isFields(value)) return recordLines(value, narrower)
  if (isList(value)) return listLines(value, narrower)
  return String(value).replace(/\n$/, '').split('\n').map(escapeControls)
}

/** A list of words reads as a command line does, unless it says that it is one of lines. */
const LINES = /(?:^|_)lines$/

function isBlock(name: string, value: unknown): boolean {
  if (typeof value === 'string') return /\n./s.test(value)
  if (isList(value)) return !value.every(isScalar) || (LINES.test(name) && value.length > 0)
  return isFields(value) && Object.keys(value).length > 0
}
