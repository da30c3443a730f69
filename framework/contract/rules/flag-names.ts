/** The names by which a command's flags are called: none may be somebody else's (REQ-F-079). */
import { broughtFlags } from '../brought-flags.js'
import { isList, isPlainObject, objectMembers } from '../plain-data.js'
import type { Finding, Rule, RuleContext, Subject } from '../violation.js'

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
const ENV_VAR = /^[A-Za-z_][A-Za-z0-9_]*$/

export const flagNames: Rule = function* (command, context) {
  const flags = objectMembers(command.data['flags'])
  const booleans = new Set(flags.filter(([, flag]) => flag['type'] === 'boolean').map(([name]) => name))
  for (const [name, flag] of flags) {
    const place = `flags.${name}`
    yield* longName(command, name, context)
    const positive = name.startsWith('no-') ? name.slice(3) : null
    if (positive !== null && (booleans.has(positive) || context.globals[positive]?.type === 'boolean')) {
      yield {
        code: 'FLAG_NEGATION_CLASH',
        place,
        message: `--${name} already means that --${positive} is off.`,
        fix: `Leave it out: a boolean brings its \`--no-\` form itself.`,
      }
    }
    const { env_vars } = flag
    const seen = new Set<string>()
    for (const [index, variable] of isList(env_vars) ? env_vars.entries() : []) {
      const variable_name = isPlainObject(variable) ? variable['name'] : undefined
      if (typeof variable_name !== 'string') continue
      yield* environmentName(variable_name, `${place}.env_vars.${index}.name`, seen, context)
    }
  }
}

export const flagShorts: Rule = function* (command, context) {
  const taken = new Map<string, string>()
  for (const [name, flag] of objectMembers(command.data['flags'])) {
    const { short } = flag
    const place = `flags.${name}.short`
    if (typeof short !== 'string') continue
    const global = Object.entries(context.globals).find(([, declaration]) => declaration.short === short)
    const rival = taken.get(short)
    if (!/^[A-Za-z0-9]$/.test(short)) {
      yield {
        code: 'FLAG_SHORT_MALFORMED',
        place,
        message: `${JSON.stringify(short)} is no short name.`,
        fix: 'Use one letter or digit, without the dash.',
      }
    } else if (global !== undefined) {
      yield {
        code: 'FLAG_SHORT_RESERVED',
        place,
        message: `-${short} is the global option --${global[0]}.`,
        fix: 'Choose another character, or leave `short` out.',
      }
    } else if (rival !== undefined) {
      yield {
        code: 'FLAG_SHORT_DUPLICATE',
        place,
        message: `-${short} is --${rival} already.`,
        fix: 'Choose another character, or leave `short` out.',
      }
    }
    if (rival === undefined) taken.set(short, name)
  }
}

function* longName(command: Subject, name: string, context: RuleContext): Iterable<Finding> {
  const place = `flags.${name}`
  const brought = broughtFlags({
    interactive: command.data['interactive'] === true,
    danger_level: command.data['danger_level'] === 'destructive' ? 'destructive' : 'safe',
  })
  if (!NAME.test(name)) {
    yield {
      code: 'FLAG_NAME_MALFORMED',
      place,
      message: `${JSON.stringify(name)} is no flag name.`,
      fix: 'Use lower-case words of letters and digits joined by single hyphens, without leading dashes: `max-size`.',
    }
  } else if (Object.hasOwn(context.globals, name)) {
    yield {
      code: 'FLAG_RESERVED',
      place,
      message: `--${name} is a global option of every command.`,
      fix: 'Give the flag another name; the global option reaches every command by itself.',
    }
  } else if (Object.hasOwn(brought, name)) {
    yield {
      code: 'FLAG_RESERVED',
      place,
      message: `--${name} comes with what the command declares.`,
      fix: 'Leave it out: the framework adds it.',
    }
  }
}

function* environmentName(
  name: string,
  place: string,
  seen: Set<string>,
  context: RuleContext,
): Iterable<Finding> {
  const own = ['FORMAT', 'SESSION_ID', 'STATE_DIR'].map(word => context.tool.prefix + word)
  if (!ENV_VAR.test(name)) {
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
      fix: `Choose another name that begins with ${context.tool.prefix}.`,
    }
  } else if (seen.has(name)) {
    yield { code: 'ENV_VAR_DUPLICATE', place, message: `${name} is listed twice.`, fix: 'List it once.' }
  }
  seen.add(name)
}
