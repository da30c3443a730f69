/** The values of an `enum` flag or positional, or of an integer flag: listed where they belong, and of the type. */
import { isList, isPlainObject, objectMembers, type PlainObject, shown } from '../plain-data.js'
import type { Finding, Rule } from '../violation.js'

export const enumValues: Rule = function* (command) {
  for (const [name, flag] of objectMembers(command.data['flags'])) {
    yield* valueFindings(flag, `flags.${name}.enum_values`)
  }
  const { positionals } = command.data
  if (!isList(positionals)) return
  for (const [index, positional] of positionals.entries()) {
    if (!isPlainObject(positional)) continue
    const place = `positionals.${index}.enum_values`
    if (positional['type'] !== 'enum' && positional['enum_values'] !== undefined) {
      yield {
        code: 'ENUM_VALUES_MISPLACED',
        place,
        message: `\`enum_values\` says nothing about the type ${JSON.stringify(positional['type'])}.`,
        fix: "Make the positional `type: 'enum'`, or leave the values out.",
      }
    } else yield* valueFindings(positional, place)
  }
}

function* valueFindings(declaration: PlainObject, place: string): Iterable<Finding> {
  const { type, enum_values } = declaration
  if (enum_values === undefined) {
    if (type === 'enum') {
      yield {
        code: 'ENUM_VALUES_MISSING',
        place,
        message: 'It is an enum without values.',
        fix: "Add `enum_values`, a list of strings, or make it `type: 'string'`.",
      }
    }
    return
  }
  if (!isList(enum_values)) return
  if (type !== undefined && type !== 'enum' && type !== 'integer') {
    yield {
      code: 'ENUM_VALUES_MISPLACED',
      place,
      message: `\`enum_values\` says nothing about the type ${JSON.stringify(type)}.`,
      fix: "Make it `type: 'enum'` for strings or `type: 'integer'` for integers.",
    }
    return
  }
  if (enum_values.length === 0) {
    yield { code: 'ENUM_VALUES_MISSING', place, message: 'It has no value.', fix: 'List at least one.' }
  }
  for (const [index, value] of enum_values.entries()) {
    const fits = type === 'integer' ? Number.isSafeInteger(value) : typeof value === 'string' && value !== ''
    if (fits || type === undefined) continue
    yield {
      code: 'ENUM_VALUE_MISFIT',
      place: `${place}.${index}`,
      message: `${shown(value)} is no ${type === 'integer' ? 'integer' : 'text that can be typed'}.`,
      fix:
        type === 'integer'
          ? 'List integers only.'
          : 'List strings only; numbers belong to an integer flag or into quotes.',
    }
  }
}
