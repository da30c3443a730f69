/** Positional arguments: their order can be told on a command line, their names are their own. */
import { isList, isPlainObject } from '../plain-data.js'
import type { Finding, Rule } from '../violation.js'
import { choices } from './flag-values.js'

const NAME = /^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/

export const positionals: Rule = function* (command) {
  const declared = command.data['positionals']
  if (!isList(declared)) return
  const flags = command.data['flags']
  const taken = new Set<string>()
  let optional: string | null = null
  for (const [index, positional] of declared.entries()) {
    if (!isPlainObject(positional)) continue
    const place = `positionals.${index}`
    const { name, required, variadic } = positional
    const shown = typeof name === 'string' ? name : `positional ${index + 1}`
    if (typeof name === 'string') {
      yield* nameFindings(
        name,
        `${place}.name`,
        taken.has(name),
        isPlainObject(flags) && Object.hasOwn(flags, name),
      )
      taken.add(name)
    }
    if (required === true && optional !== null) {
      yield {
        code: 'POSITIONAL_REQUIRED_AFTER_OPTIONAL',
        place: `${place}.required`,
        message: `'${shown}' is required, but '${optional}' before it is not.`,
        fix: 'Put the required ones first.',
      }
    }
    if (required !== true) optional ??= shown
    if (variadic === true && index < declared.length - 1) {
      yield {
        code: 'POSITIONAL_VARIADIC_NOT_LAST',
        place: `${place}.variadic`,
        message: `'${shown}' takes all that remains, so nothing can follow it.`,
        fix: 'Make it the last one, or make it a flag of the type array.',
      }
    }
    if (positional['type'] !== 'enum' && positional['enum_values'] !== undefined) {
      yield {
        code: 'ENUM_VALUES_MISPLACED',
        place: `${place}.enum_values`,
        message: `\`enum_values\` says nothing about the type ${JSON.stringify(positional['type'])}.`,
        fix: "Make the positional `type: 'enum'`, or leave the values out.",
      }
    } else yield* choices(positional, place)
  }
}

function* nameFindings(name: string, place: string, taken: boolean, is_flag: boolean): Iterable<Finding> {
  if (!NAME.test(name)) {
    yield {
      code: 'POSITIONAL_NAME_MALFORMED',
      place,
      message: `${JSON.stringify(name)} is no name of a positional.`,
      fix: 'Use lower-case words of letters and digits joined by single hyphens or underscores.',
    }
  }
  if (taken) {
    yield {
      code: 'POSITIONAL_NAME_TAKEN',
      place,
      message: `An earlier positional is called '${name}' too.`,
      fix: 'Give it another name.',
    }
  }
  if (is_flag) {
    yield {
      code: 'POSITIONAL_NAME_TAKEN',
      place,
      message: `There is a flag --${name} too, and \`args\` has room for one of the two.`,
      fix: 'Rename the positional or the flag.',
    }
  }
}
