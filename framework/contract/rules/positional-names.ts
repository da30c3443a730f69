/** The names of positionals: well formed, and neither another positional's nor a flag's, for `args` has one of each. */
import { isList, isPlainObject } from '../plain-data.js'
import type { Rule } from '../violation.js'

const NAME = /^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/

export const positionalNames: Rule = function* (command) {
  const { positionals, flags } = command.data
  if (!isList(positionals)) return
  const taken = new Set<string>()
  for (const [index, positional] of positionals.entries()) {
    const name = isPlainObject(positional) ? positional['name'] : undefined
    const place = `positionals.${index}.name`
    if (typeof name !== 'string') continue
    if (!NAME.test(name)) {
      yield {
        code: 'POSITIONAL_NAME_MALFORMED',
        place,
        message: `${JSON.stringify(name)} is no name of a positional.`,
        fix: 'Use lower-case words of letters and digits joined by single hyphens or underscores.',
      }
    }
    if (taken.has(name)) {
      yield {
        code: 'POSITIONAL_NAME_TAKEN',
        place,
        message: `An earlier positional is called '${name}' too.`,
        fix: 'Give it another name.',
      }
    }
    if (isPlainObject(flags) && Object.hasOwn(flags, name)) {
      yield {
        code: 'POSITIONAL_NAME_TAKEN',
        place,
        message: `There is a flag --${name} too, and \`args\` has room for one of the two.`,
        fix: 'Rename the positional or the flag.',
      }
    }
    taken.add(name)
  }
}
