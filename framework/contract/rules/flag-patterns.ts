/** Patterns of flags: they compile, hold the whole value, and stand where text is. */
import { objectMembers } from '../plain-data.js'
import type { Finding, Rule } from '../violation.js'

export const flagPatterns: Rule = function* (command) {
  for (const [name, flag] of objectMembers(command.data['flags'])) {
    const place = `flags.${name}`
    const { type, pattern, pattern_type } = flag
    if (pattern !== undefined && pattern_type !== undefined) {
      yield {
        code: 'PATTERN_AND_PATTERN_TYPE',
        place: `${place}.pattern_type`,
        message: 'The flag has a `pattern` and a `pattern_type`.',
        fix: 'Keep the one that says what is meant.',
      }
    }
    for (const key of ['pattern', 'pattern_type']) {
      if (flag[key] === undefined || type === undefined || type === 'string') continue
      yield {
        code: 'PATTERN_MISPLACED',
        place: `${place}.${key}`,
        message: `\`${key}\` says nothing about a flag of the type ${JSON.stringify(type)}.`,
        fix: "Make the flag `type: 'string'`, or leave the pattern out.",
      }
    }
    if (typeof pattern === 'string') yield* patternText(pattern, `${place}.pattern`)
  }
}

function* patternText(pattern: string, place: string): Iterable<Finding> {
  const fault = patternFault(pattern)
  if (fault !== null) {
    yield {
      code: 'PATTERN_INVALID',
      place,
      message: `It does not compile: ${fault}.`,
      fix: 'Write a regular expression as JSON Schema has it, with the `u` flag in mind: only what must be escaped is.',
    }
  } else if (!isAnchored(pattern)) {
    yield {
      code: 'PATTERN_NOT_ANCHORED',
      place,
      message: 'It can match a part of the value.',
      fix: `Anchor the whole of it: ^(?:${pattern.replace(/^\^|\$$/g, '')})$`,
    }
  }
}

/** Why a pattern does not compile as the parser compiles it; null where it does. */
export function patternFault(pattern: string): string | null {
  try {
    new RegExp(pattern, 'u')
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** True where `^` and `$` hold every alternative: `^a|b$` is not anchored. */
export function isAnchored(pattern: string): boolean {
  if (!pattern.startsWith('^')) return false
  let depth = 0
  let in_class = false
  let ends_with_anchor = false
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at]
    ends_with_anchor = false
    if (character === '\\') at += 1
    else if (in_class) in_class = character !== ']'
    else if (character === '[') in_class = true
    else if (character === '(') depth += 1
    else if (character === ')') depth -= 1
    else if (character === '|' && depth === 0) return false
    else ends_with_anchor = character === '$' && depth === 0
  }
  return ends_with_anchor
}
