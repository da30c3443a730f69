/** What may leave the tool: any value made into plain JSON, and its text freed of what a terminal would obey. */
import { oneLine } from '../argv/quoted.js'

// ECMA-48: CSI sequences; OSC, DCS, SOS, PM and APC strings up to their terminator; two-byte escapes; all also
// in their 8-bit forms. An introducer that nothing ends goes alone; no string reaches over the next introducer, which
// keeps the work linear.
const CONTROL_SEQUENCES =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9b-\x9f]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]|[\x1b\x90\x98\x9b-\x9f]/g
const NEEDS_WORK = /[\0\r\x1b\x90\x98\x9b-\x9f\ud800-\udfff]/
const MAX_DEPTH = 200

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Strips escape sequences and carriage returns; NUL and lone surrogates become U+FFFD (REQ-F-007, REQ-F-016). */
export function sanitizeText(text: string): string {
  if (!NEEDS_WORK.test(text)) return text
  return text
    .replace(CONTROL_SEQUENCES, '')
    .replaceAll('\r', '')
    .replace(/\0|\p{Surrogate}/gu, '\ufffd')
}

/**
 * An object as JSON would have it, all its text sanitised. Never throws: what JSON cannot say becomes null or a
 * description; bytes become base64 (REQ-F-017); members that are undefined go.
 */
export function sanitizeRecord(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return isClean(record) ? { ...record } : members(record, [])
}

/** A list as JSON would have it, all its text sanitised. */
export function sanitizeList(list: readonly unknown[]): unknown[] {
  return isClean(list) ? [...list] : items(list, [])
}

/** Whether a value is plain JSON already, and its text clean: then copying it would only cost memory, a manifest's most. */
function isClean(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return !NEEDS_WORK.test(value)
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'boolean' || value === null) return true
  // A circle is deeper than any limit.
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return false
  if (Array.isArray(value)) return value.every(item => isClean(item, depth + 1))
  if (Object.getPrototypeOf(value) !== Object.prototype || 'toJSON' in value) return false
  try {
    return Object.keys(value).every(
      key => !NEEDS_WORK.test(key) && isClean(Reflect.get(value, key), depth + 1),
    )
  } catch {
    // A getter that throws is described where the value is copied.
    return false
  }
}

/**
 * Text from outside, a command line or a log line: escaped, not stripped, to one visible line of at most `max`
 * characters. It can forge no second line and hide nothing.
 */
export function externalText(text: string, max: number): string {
  return oneLine(text, max)
}

function clean(value: unknown, above: readonly object[]): Json | undefined {
  switch (typeof value) {
    case 'string':
      return sanitizeText(value)
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
    case 'object':
      return value === null ? null : cleanObject(value, above)
    default:
      return undefined
  }
}

function cleanObject(value: object, above: readonly object[]): Json | undefined {
  if (above.includes(value)) return '[circular]'
  if (above.length >= MAX_DEPTH) return '[too deep]'
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
    if (value instanceof Uint8Array) return binary(value)
    if (value instanceof Error)
      return { name: sanitizeText(value.name), message: sanitizeText(value.message) }
    if ('toJSON' in value && typeof value.toJSON === 'function')
      return clean(value.toJSON(), [...above, value])
    if (value instanceof Map) return members(Object.fromEntries(value), [...above, value])
    if (value instanceof Set) return items([...value], [...above, value])
    return Array.isArray(value) ? items(value, [...above, value]) : members(value, [...above, value])
  } catch {
    return '[unreadable]'
  }
}

function members(record: object, above: readonly object[]): Record<string, Json> {
  const entries: [string, Json][] = []
  for (const [key, value] of Object.entries(record)) {
    const cleaned = clean(value, above)
    if (cleaned !== undefined) entries.push([sanitizeText(key), cleaned])
  }
  // Not by assignment: a member may be called `__proto__`.
  return Object.fromEntries(entries)
}

function items(list: readonly unknown[], above: readonly object[]): Json[] {
  return list.map(item => clean(item, above) ?? null)
}

function binary(bytes: Uint8Array): Json {
  return {
    type: 'binary',
    encoding: 'base64',
    value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
    size_bytes: bytes.byteLength,
  }
}
