/** No flag has the name by which a boolean, global or the command's own, is turned off. */
import { objectMembers } from '../plain-data.js'
import type { Rule } from '../violation.js'

export const flagNegations: Rule = function* (command, context) {
  const flags = objectMembers(command.data['flags'])
  const booleans = new Set(flags.filter(([, flag]) => flag['type'] === 'boolean').map(([name]) => name))
  for (const [name] of flags) {
    const positive = name.startsWith('no-') ? name.slice(3) : null
    if (positive === null) continue
    if (!booleans.has(positive) && context.globals[positive]?.type !== 'boolean') continue
    yield {
      code: 'FLAG_NEGATION_CLASH',
      place: `flags.${name}`,
      message: `--${name} already means that --${positive} is off.`,
      fix: 'Leave it out: a boolean brings its `--no-` form itself.',
    }
  }
}
