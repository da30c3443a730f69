/**
 * Turns whatever arrived from JavaScript into plain JSON data, once, so that every rule can read it without fear:
 * getters that throw, cycles, proxies and class instances end here, as faults with a place.
 */

export type Plain = null | boolean | number | string | readonly Plain[] | PlainObject
export interface PlainObject {
  readonly [key: string]: Plain
}

export interface DataFault {
  /** Dotted place below the value, empty for the value itself. */
  readonly place: string
  readonly message: string
}

export interface PlainData {
  readonly data: Plain
  readonly faults: readonly DataFault[]
}

const MAX_DEPTH = 64
const MAX_VALUES = 100_000

/**
 * Copies a value as JSON would, but reports what JSON would drop, call or choke on.
 * @param value anything
 * @param functions_at top-level keys whose functions are no data and are left out silently
 * @returns the copy, without the parts that are no data, and one fault for each of these; never throws
 */
export function takePlainData(value: unknown, functions_at: readonly string[] = []): PlainData {
  const faults: DataFault[] = []
  const ancestors = new Set<object>()
  let values = 0

  const copy = (from: unknown, place: string): Plain | undefined => {
    const refuse = (message: string): undefined => {
      faults.push({ place, message })
      return undefined
    }
    if (from === null || typeof from === 'string' || typeof from === 'boolean') return from
    if (typeof from === 'number') {
      // Kept: the rule about its place has more to say than this fault.
      if (!Number.isFinite(from)) faults.push({ place, message: `${from} is no JSON number` })
      return from
    }
    if (from === undefined) return refuse('undefined is no data')
    if (typeof from !== 'object') return refuse(`a ${typeof from} is no data`)
    values += 1
    if (values > MAX_VALUES)
      return values === MAX_VALUES + 1 ? refuse('the contract is too large') : undefined
    if (ancestors.size >= MAX_DEPTH) return refuse(`it is nested deeper than ${MAX_DEPTH} levels`)
    if (ancestors.has(from)) return refuse('it contains itself')
    ancestors.add(from)
    try {
      return Array.isArray(from) ? copyArray(from, place) : copyObject(from, place, refuse)
    } catch (error) {
      return refuse(`reading it failed: ${messageOf(error)}`)
    } finally {
      ancestors.delete(from)
    }
  }

  const copyArray = (from: readonly unknown[], place: string): Plain => {
    const length = Math.min(from.length, MAX_VALUES)
    const items: Plain[] = []
    for (let index = 0; index < length; index += 1) {
      const at = below(place, String(index))
      const item = from[index]
      if (item === undefined) faults.push({ place: at, message: 'it is undefined' })
      else items.push(copy(item, at) ?? null)
    }
    return items
  }

  const copyObject = (
    from: object,
    place: string,
    refuse: (message: string) => undefined,
  ): Plain | undefined => {
    const kind = Object.prototype.toString.call(from).slice(8, -1)
    if (kind !== 'Object' && kind !== 'Module') return refuse(`a ${kind} is no plain object`)
    const object: Record<string, Plain> = {}
    for (const key of Object.keys(from)) {
      const at = below(place, key)
      let member: unknown
      try {
        member = Reflect.get(from, key)
      } catch (error) {
        faults.push({ place: at, message: `reading it failed: ${messageOf(error)}` })
        continue
      }
      if (member === undefined) continue
      if (typeof member === 'function' && place === '' && functions_at.includes(key)) continue
      const copied = copy(member, at)
      // Not an assignment: that would set the prototype where the key is `__proto__`.
      if (copied !== undefined)
        Object.defineProperty(object, key, {
          value: copied,
          enumerable: true,
          writable: true,
          configurable: true,
        })
    }
    return object
  }

  return { data: copy(value, '') ?? null, faults }
}

export function isPlainObject(value: Plain | undefined): value is PlainObject {
  return typeof value === 'object' && value !== null && !isList(value)
}

export function isList(value: Plain | undefined): value is readonly Plain[] {
  return Array.isArray(value)
}

/** The members of an object that are objects themselves; none where the value is no object. */
export function objectMembers(value: Plain | undefined): [string, PlainObject][] {
  if (!isPlainObject(value)) return []
  const members: [string, PlainObject][] = []
  for (const [key, member] of Object.entries(value)) if (isPlainObject(member)) members.push([key, member])
  return members
}

/** The items of a list that are strings, with their places in it; none where the value is no list. */
export function stringItems(value: Plain | undefined): [number, string][] {
  if (!isList(value)) return []
  const items: [number, string][] = []
  for (const [index, item] of value.entries()) if (typeof item === 'string') items.push([index, item])
  return items
}

/** A value as a message shows it; JSON would make null of NaN and Infinity. */
export function shown(value: Plain): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

/** The dotted place of a part below another. */
export function below(place: string, part: string): string {
  return place === '' ? part : `${place}.${part}`
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'an error that cannot be shown'
  }
}
