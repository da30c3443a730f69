/** A contract as data: without its functions, in one canonical text, and a text's digest. */
import type { CommandContract } from './declaration.js'

/** A command object of any provenance: its contract and, beside it, what is no data. */
interface CommandLike extends CommandContract {
  readonly execute?: unknown
  readonly validate?: unknown
}

/** The declared part of a command, its functions left out. */
export function contractOf(command: CommandLike): CommandContract {
  const { execute: _execute, validate: _validate, ...contract } = command
  return contract
}

/**
 * JSON with the keys of every object in one order, so that equal data gives equal text.
 * What JSON drops or turns to null (undefined, functions, NaN) is treated alike.
 */
export function canonicalJson(value: unknown): string {
  return canonical(value) ?? 'null'
}

function canonical(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members: string[] = []
  for (const key of Object.keys(value).sort()) {
    const text = canonical(Reflect.get(value, key))
    if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`)
  }
  return `{${members.join(',')}}`
}

/**
 * FNV-1a over 64 bits, of the text's UTF-16 units, low byte first. It names the content of a compiled manifest: a guard
 * against a stale build, not against an enemy.
 * @returns 16 hex digits
 */
export function textDigest(text: string): string {
  let high = 0xcbf29ce4
  let low = 0x84222325
  const add = (byte: number): void => {
    low = (low ^ byte) >>> 0
    // Times 2^40 + 0x1b3, in halves of 32 bits.
    const product = low * 0x1b3
    const carry = Math.floor(product / 0x1_0000_0000)
    high = (Math.imul(high, 0x1b3) + carry + (low << 8)) >>> 0
    low = product >>> 0
  }
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    add(unit & 0xff)
    add(unit >>> 8)
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
