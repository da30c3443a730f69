/** From argv to a command's path: the longest registered path among the leading words, globals allowed anywhere. */
import { type FlagLookup, flagLookup } from './flag-lookup.js'
import { isOption, readOption } from './options.js'
import type { Resolution, ResolveRequest } from './resolution.js'

export type { Resolution, ResolveRequest } from './resolution.js'

/** Finds the command that argv names (REQ-F-067, REQ-F-079). Words after `--` are never part of a path. */
export function resolveCommand(request: ResolveRequest): Resolution {
  const { argv, aliases } = request
  const lookup = flagLookup({}, request.globals)
  const names = [...request.paths, ...aliases.keys()]
  const { words, whole, stranger, stray } = walk(argv, names, lookup)
  const textOf = (indexes: readonly number[]) => indexes.map(index => argv[index] ?? '')
  const without = (indexes: readonly number[]) => argv.filter((_, index) => !indexes.includes(index))

  // Whether an option that nobody knows has taken the next word as its value nobody can know either.
  if (stray !== null && (whole > 0 || stranger !== null))
    return {
      kind: 'unknown',
      words: [readOption(argv, stray, lookup).written],
      rest: argv,
      fault: { stray },
    }
  if (whole > 0) {
    const used = words.slice(0, whole)
    const name = textOf(used).join(' ')
    return { kind: 'command', path: aliases.get(name) ?? name, rest: without(used) }
  }
  if (stranger === null)
    return words.length === 0
      ? { kind: 'none', rest: argv }
      : { kind: 'group', prefix: textOf(words).join(' '), rest: without(words) }

  const written = [...words, ...wordsFrom(argv, stranger, lookup)]
  return {
    kind: 'unknown',
    words: textOf(written),
    rest: without(written),
    fault: { written, group: words },
  }
}

interface Walk {
  /** Where the words stand that begin a path. */
  readonly words: readonly number[]
  /** How many of them are a whole path. */
  readonly whole: number
  /** Where the first word stands that continues no path; null where none does, or a whole path came first. */
  readonly stranger: number | null
  /** Where the first option stands, before any whole path, that is no global one. */
  readonly stray: number | null
}

function walk(argv: readonly string[], names: readonly string[], lookup: FlagLookup): Walk {
  const words: number[] = []
  let prefix = ''
  let whole = 0
  let stray: number | null = null
  for (let index = 0; index < argv.length; ) {
    const token = argv[index] ?? ''
    if (token === '--') break
    if (isOption(token, lookup)) {
      const option = readOption(argv, index, lookup)
      // After a whole path it is an option of that command, and what follows may be its value.
      if (option.flag === null && whole > 0) break
      if (option.flag === null) stray ??= index
      index += option.size
      continue
    }
    const longer = prefix === '' ? token : `${prefix} ${token}`
    const group = `${longer} `
    if (!names.some(name => name === longer || name.startsWith(group)))
      return { words, whole, stranger: whole > 0 ? null : index, stray }
    prefix = longer
    words.push(index)
    if (names.includes(longer)) whole = words.length
    index += 1
  }
  return { words, whole, stranger: null, stray }
}

/** The word at `index` and those that follow it directly. */
function wordsFrom(argv: readonly string[], index: number, lookup: FlagLookup): number[] {
  const indexes: number[] = []
  for (let at = index; at < argv.length; at++) {
    const token = argv[at] ?? ''
    if (token === '--' || isOption(token, lookup)) break
    indexes.push(at)
  }
  return indexes
}
