/** The environment variables that a flag is read from: names, each once, none of the framework's (REQ-F-079). */
import { isList, isPlainObject, objectMembers, type PlainObject } from '../plain-data.js'
import type { Rule } from '../violation.js'

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

export const flagVariables: Rule = function* (command, context) {
  const { prefix } = context.tool
  const own = ['FORMAT', 'SESSION_ID', 'STATE_DIR', 'TRACKING'].map(word => prefix + word)
  for (const [flag_name, flag] of objectMembers(command.data['flags'])) {
    const seen = new Set<string>()
    for (const [index, name] of variableNames(flag)) {
      const place = `flags.${flag_name}.env_vars.${index}.name`
      if (!NAME.test(name)) {
        yield {
          code: 'ENV_VAR_MALFORMED',
          place,
          message: `${JSON.stringify(name)} is no name of an environment variable.`,
          fix: 'Use letters, digits and underscores, not beginning with a digit.',
        }
      } else if (own.includes(name)) {
        yield {
          code: 'ENV_VAR_RESERVED',
          place,
          message: `${name} is read by the framework.`,
          fix: `Choose another name that begins with ${prefix}.`,
        }
      } else if (seen.has(name)) {
        yield { code: 'ENV_VAR_DUPLICATE', place, message: `${name} is listed twice.`, fix: 'List it once.' }
      }
      seen.add(name)
    }
  }
}

function* variableNames({ env_vars }: PlainObject): Iterable<[number, string]> {
  if (!isList(env_vars)) return
  for (const [index, variable] of env_vars.entries()) {
    const name = isPlainObject(variable) ? variable['name'] : undefined
    if (typeof name === 'string') yield [index, name]
  }
}
