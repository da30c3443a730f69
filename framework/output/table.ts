/** A list of objects as aligned columns, cut to a terminal's width where there is one. */
import { cell, isScalar, label, NOTHING } from './cells.js'
import type { Styles } from './color.js'
import { cutTo, displayWidth } from './display-width.js'
import { columnsOf, type Fields, isList } from './list.js'

const GAP = 2
const NARROWEST = 12

interface Column {
  readonly name: string
  readonly title: string
  readonly cells: readonly string[]
  readonly nested: boolean
  readonly numeric: boolean
  width: number
}

export interface TableOptions {
  readonly style: Styles
  /** Columns of the terminal; 0 for no limit, and then nothing is left out or cut. */
  readonly width: number
  /** Colours a cell's text by its column. */
  readonly paint?: (column: string, text: string) => string
}

/** Lines of a table with a header. Where columns had to be left out the last line says how many. */
export function tableLines(rows: readonly Fields[], options: TableOptions): string[] {
  if (rows.length === 0) return []
  const all = columnsOf(rows).map(name => columnOf(name, rows))
  const columns = options.width === 0 ? all : fit(all, options.width)
  const lines = [
    joined(
      columns,
      ({ title }) => title,
      text => options.style.dim(text),
    ),
    ...rows.map((_, index) =>
      joined(
        columns,
        ({ cells }) => cells[index] ?? NOTHING,
        (text, name) => options.paint?.(name, text) ?? text,
      ),
    ),
  ]
  const hidden = all.length - columns.length - all.filter(isEmpty).length
  if (options.width > 0 && hidden > 0)
    lines.push(options.style.dim(`(${hidden} more ${hidden === 1 ? 'column' : 'columns'}: --format json)`))
  return lines
}

function columnOf(name: string, rows: readonly Fields[]): Column {
  const cells = rows.map(row => cell(row[name]))
  const title = label(name).toUpperCase()
  const values = rows.map(row => row[name]).filter(value => value !== null && value !== undefined)
  return {
    name,
    title,
    cells,
    nested: !values.every(value => isScalar(value) || (isList(value) && value.every(isScalar))),
    numeric: values.length > 0 && values.every(value => typeof value === 'number'),
    width: cells.reduce((widest, text) => Math.max(widest, displayWidth(text)), displayWidth(title)),
  }
}

/** First what says nothing goes, then what is nested, then the widest are cut, then the last go. */
function fit(all: readonly Column[], width: number): Column[] {
  let columns = all.filter(column => !isEmpty(column))
  if (total(columns) > width && columns.some(column => !column.nested))
    columns = columns.filter(column => !column.nested)
  let spare = width - total(columns)
  while (spare < 0) {
    const widest = columns.reduce<Column | null>((a, b) => (a && a.width >= b.width ? a : b), null)
    const floor = widest ? Math.max(NARROWEST, displayWidth(widest.title)) : 0
    if (widest && widest.width > floor) {
      widest.width = Math.max(floor, widest.width + spare, secondWidest(columns, widest, floor))
    } else if (columns.length > 1) {
      columns = columns.slice(0, -1)
    } else {
      break
    }
    spare = width - total(columns)
  }
  return columns
}

/** The widest column is cut down to the next one before both are cut. */
function secondWidest(columns: readonly Column[], widest: Column, floor: number): number {
  const next = Math.max(floor, ...columns.filter(column => column !== widest).map(({ width }) => width))
  return next < widest.width ? next : widest.width - 1
}

function joined(
  columns: readonly Column[],
  textOf: (column: Column) => string,
  paint: (text: string, name: string) => string,
): string {
  const fields = columns.map((column, index) => {
    const text = cutTo(textOf(column), column.width)
    const blanks = ' '.repeat(column.width - displayWidth(text))
    const painted = paint(text, column.name)
    if (column.numeric) return blanks + painted
    return index === columns.length - 1 ? painted : painted + blanks
  })
  return fields.join(' '.repeat(GAP))
}

function total(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + GAP, -GAP)
}

function isEmpty({ cells }: Column): boolean {
  return cells.every(text => text === NOTHING)
}
