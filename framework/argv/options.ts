/** One option as it stands in argv: how it was written, which flag it is, and the value that belongs to it. */
import { type FlagLookup, type KnownFlag, takesValue } from './flag-lookup.js'

export interface Option {
  /** Where it stands in argv, and how many entries it takes with its value. */
  readonly index: number
  readonly size: 1 | 2
  /** As written, without its value: `--dir`, `-d`, `--no-all`. */
  readonly written: string
  /** Null where no such flag is declared. */
  readonly flag: KnownFlag | null
  /** `--no-<name>` of a boolean flag. */
  readonly negated: boolean
  /** Null where none was given. */
  readonly value: string | null
}

const NEGATIVE_NUMBER = /^-(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

/** True for what begins an option; `-` alone is a value, and so is a negative number no short flag claims. */
export function isOption(token: string, lookup: FlagLookup): boolean {
  if (token.length < 2 || !token.startsWith('-') || token === '--') return false
  return !NEGATIVE_NUMBER.test(token) || lookup.short.has(token.charAt(1))
}

/** True where the entry can be the value of the option before it. */
export function isValue(token: string | undefined, lookup: FlagLookup): token is string {
  return token !== undefined && token !== '--' && !isOption(token, lookup)
}

/**
 * Reads the option at `index`: `--name value`, `--name=value`, `-n value`, `-n=value`, `--no-name`.
 * What follows an unknown option is left alone: nobody can know whether it is a value.
 */
export function readOption(argv: readonly string[], index: number, lookup: FlagLookup): Option {
  const token = argv[index] ?? ''
  const equals = token.indexOf('=')
  const written = equals === -1 ? token : token.slice(0, equals)
  const inline = equals === -1 ? null : token.slice(equals + 1)
  const { flag, negated } = find(written, lookup)
  const next = argv[index + 1]
  if (flag !== null && takesValue(flag) && inline === null && isValue(next, lookup))
    return { index, size: 2, written, flag, negated, value: next }
  return { index, size: 1, written, flag, negated, value: inline }
}

function find(written: string, lookup: FlagLookup): { flag: KnownFlag | null; negated: boolean } {
  if (!written.startsWith('--')) {
    const flag = written.length === 2 ? lookup.short.get(written.charAt(1)) : undefined
    return { flag: flag ?? null, negated: false }
  }
  const name = written.slice(2)
  const flag = lookup.long.get(name)
  if (flag) return { flag, negated: false }
  const positive = name.startsWith('no-') ? lookup.long.get(name.slice(3)) : undefined
  return positive?.declaration.type === 'boolean'
    ? { flag: positive, negated: true }
    : { flag: null, negated: false }
}
