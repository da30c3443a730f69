/** Words for people and agents: what shows in help says something. */
import { objectMembers } from '../plain-data.js'
import type { Rule } from '../violation.js'

export const descriptions: Rule = function* (command) {
  const owners: [string, unknown][] = [['description', command.data['description']]]
  for (const [name, flag] of objectMembers(command.data['flags'])) {
    owners.push([`flags.${name}.description`, flag['description']])
  }
  for (const [place, description] of owners) {
    if (typeof description !== 'string' || description.trim() !== '') continue
    yield {
      code: 'DESCRIPTION_EMPTY',
      place,
      message: 'It says nothing.',
      fix: 'Say in one sentence what it is for; agents choose by it.',
    }
  }
}
