/** A command line taken apart: which options it gives, which words, and what nobody declared. Nothing is judged here. */
import { type FlagLookup, type KnownFlag, takesValue } from './flag-lookup.js'
import { isOption, isValue, type Option, readOption } from './options.js'
import { isSecretName } from './secret-names.js'
import { nearest } from './suggest.js'

export interface GivenOption extends Option {
  readonly flag: KnownFlag
}

export interface Word {
  readonly index: number
  readonly text: string
}

/** An option that nobody declared. */
export interface UnknownOption extends Option {
  readonly flag: null
  /** Argv entries that would be right in its place; null where nothing is near. */
  readonly instead: readonly string[] | null
}

export interface Scan {
  /** By flag, in the order of their first appearance. */
  readonly given: ReadonlyMap<KnownFlag, readonly GivenOption[]>
  readonly words: readonly Word[]
  readonly unknown: readonly UnknownOption[]
}

/**
 * Walks argv once. Options may stand anywhere before `--` (REQ-F-067).
 * @param strict the first word ends the options, and all after it is words (REQ-C-027)
 */
export function scan(argv: readonly string[], lookup: FlagLookup, strict: boolean): Scan {
  const given = new Map<KnownFlag, GivenOption[]>()
  const words: Word[] = []
  const unknown: UnknownOption[] = []
  const takeAll = (from: number) => {
    for (const [offset, text] of argv.slice(from).entries()) words.push({ index: from + offset, text })
  }
  let index = 0
  while (index < argv.length) {
    const token = argv[index] ?? ''
    if (token === '--') {
      takeAll(index + 1)
      break
    }
    if (!isOption(token, lookup)) {
      if (strict) {
        takeAll(index)
        break
      }
      words.push({ index, text: token })
      index += 1
      continue
    }
    const option = readOption(argv, index, lookup)
    if (option.flag === null) {
      const met = meetUnknown({ ...option, flag: null }, argv, lookup)
      unknown.push(met)
      index += met.size
    } else {
      const before = given.get(option.flag)
      const one = { ...option, flag: option.flag }
      if (before) before.push(one)
      else given.set(option.flag, [one])
      index += option.size
    }
  }
  return { given, words, unknown }
}

/** Finds what was meant, and with it whether the next entry was meant as its value. */
function meetUnknown(
  option: Option & { flag: null },
  argv: readonly string[],
  lookup: FlagLookup,
): UnknownOption {
  const next = argv[option.index + 1]
  const candidate = option.value ?? (isValue(next, lookup) ? next : null)
  const choice = choiceMeant(option.written, candidate, lookup)
  if (choice)
    return { ...option, size: choice.size === 2 && option.value === null ? 2 : 1, instead: choice.instead }

  const meant = flagMeant(option.written, lookup)
  const swallows = option.value === null && candidate !== null
  if (meant === null) {
    // The word after it may be its secret, and a secret must not be shown as a stray word.
    const hides = swallows && isSecretName(option.written)
    return { ...option, size: hides ? 2 : 1, value: hides ? candidate : option.value, instead: null }
  }
  if (!takesValue(meant)) return { ...option, instead: [`--${meant.name}`] }
  if (candidate === null) return { ...option, instead: null }
  const instead = candidate.startsWith('-')
    ? [`--${meant.name}=${candidate}`]
    : [`--${meant.name}`, candidate]
  return { ...option, size: swallows ? 2 : 1, value: candidate, instead }
}

/** `--json` and `--output json` where a flag has the choice `json`: agents know the value better than the flag. */
function choiceMeant(
  written: string,
  value: string | null,
  lookup: FlagLookup,
): { instead: readonly string[]; size: 1 | 2 } | null {
  const name = written.replace(/^-+/, '')
  for (const flag of lookup.long.values()) {
    const choices = flag.declaration.enum_values?.map(String) ?? []
    if (choices.includes(name)) return { instead: [`--${flag.name}`, name], size: 1 }
    if (value !== null && choices.includes(value) && flagMeant(written, lookup, 'near') === null)
      return { instead: [`--${flag.name}`, value], size: 2 }
  }
  return null
}

function flagMeant(written: string, lookup: FlagLookup, within: 'near' | 'any' = 'any'): KnownFlag | null {
  const name = written.replace(/^-+/, '').replaceAll('_', '-')
  const [found] = nearest(name, lookup.long.keys(), 1)
  if (found === undefined) return null
  if (within === 'near' && found.startsWith(name)) return null
  return lookup.long.get(found) ?? null
}
