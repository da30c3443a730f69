/** The long names of flags: well formed, and neither global nor brought by the framework (REQ-F-079). */
import { broughtFlags } from '../brought-flags.js'
import { objectMembers } from '../plain-data.js'
import type { Rule } from '../violation.js'

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/

export const flagNames: Rule = function* (command, context) {
  const brought = broughtFlags({
    interactive: command.data['interactive'] === true,
    danger_level: command.data['danger_level'] === 'destructive' ? 'destructive' : 'safe',
  })
  for (const [name] of objectMembers(command.data['flags'])) {
    const place = `flags.${name}`
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
}
