/** A warning: the first argument of a command can be taken for the command below it. */
import { isList } from '../plain-data.js'
import type { Rule } from '../violation.js'

export const shadowedPositionals: Rule = function* (command, context) {
  const { positionals } = command.data
  if (command.name === null || !isList(positionals) || positionals.length === 0) return
  for (const path of context.by_name.keys()) {
    if (!path.startsWith(`${command.name} `)) continue
    yield {
      code: 'POSITIONAL_SHADOWED',
      place: 'positionals.0',
      message: `The value '${path.slice(command.name.length + 1)}' would call the command '${path}'.`,
      fix: 'Take the argument as a flag, or give one of the two commands another name.',
    }
  }
}
