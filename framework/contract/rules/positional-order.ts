/** The order of positionals: a command line tells by nothing else which is which. */
import { isList, isPlainObject } from '../plain-data.js'
import type { Rule } from '../violation.js'

export const positionalOrder: Rule = function* (command) {
  const { positionals } = command.data
  if (!isList(positionals)) return
  let optional: string | null = null
  for (const [index, positional] of positionals.entries()) {
    if (!isPlainObject(positional)) continue
    const { name, required, variadic } = positional
    const called = typeof name === 'string' ? name : `positional ${index + 1}`
    if (required === true && optional !== null) {
      yield {
        code: 'POSITIONAL_REQUIRED_AFTER_OPTIONAL',
        place: `positionals.${index}.required`,
        message: `'${called}' is required, but '${optional}' before it is not.`,
        fix: 'Put the required ones first.',
      }
    }
    if (required !== true) optional ??= called
    if (variadic === true && index < positionals.length - 1) {
      yield {
        code: 'POSITIONAL_VARIADIC_NOT_LAST',
        place: `positionals.${index}.variadic`,
        message: `'${called}' takes all that remains, so nothing can follow it.`,
        fix: 'Make it the last one, or make it a flag of the type array.',
      }
    }
  }
}
