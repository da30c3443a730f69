/** The rows of an answer: which part of `data` is its list. */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'

export type Fields = Readonly<Record<string, unknown>>

export interface List {
  /** Null where `data` is the list itself. */
  readonly key: string | null
  readonly items: readonly unknown[]
  /** What stands beside the list. */
  readonly rest: Fields
}

/**
 * Finds the list: the member that the command names, or the sole array of objects beside nothing but scalars, or the
 * sole member that is an array. A record that merely has a list somewhere is no list.
 */
export function listOf(envelope: ResponseEnvelope, list_key?: string | null): List | null {
  const { data, meta } = envelope
  if (data === null || list_key === null) return null
  if (isList(data)) return { key: null, items: data, rest: {} }
  const chosen = list_key ?? sole(data, meta.pagination !== undefined)
  const items = chosen === null ? undefined : data[chosen]
  if (chosen === null || !isList(items)) return null
  const { [chosen]: _list, ...rest } = data
  return { key: chosen, items, rest }
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The columns of a table: every member that some row has, in the order in which they first come. */
export function columnsOf(rows: readonly Fields[]): string[] {
  return [...new Set(rows.flatMap(row => Object.keys(row)))]
}

/** Rows of any list: an item that is no object becomes one with a single member, named for the list. */
export function rowsOf({ key, items }: List): Fields[] {
  const name = key?.endsWith('s') && key.length > 1 ? key.slice(0, -1) : 'value'
  return items.map(item => (isFields(item) ? item : { [name]: item }))
}

const isEmpty = (value: unknown): boolean => isList(value) && value.length === 0

function sole(data: Fields, paged: boolean): string | null {
  const all = Object.keys(data).filter(name => isList(data[name]))
  const filled = all.filter(name => !isEmpty(data[name]))
  // An empty one beside another is no second list.
  const arrays = filled.length > 0 ? filled : all
  const [name] = arrays
  if (name === undefined || arrays.length > 1) return null
  const items = data[name]
  const others = Object.entries(data).filter(([other]) => other !== name)
  if (others.length === 0 || paged) return name
  const of_objects = isList(items) && items.every(isFields)
  return of_objects && others.every(([, value]) => !isFields(value)) ? name : null
}
