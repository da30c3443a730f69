/** Words for people and the shape of the tool itself: what shows in help must say something. */

import { objectMembers } from '../plain-data.js'
import type { ToolIdentity } from '../registry.js'
import type { Finding, Rule } from '../violation.js'

const TOOL_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i
const SEMVER = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[\dA-Za-z.-]+)?(?:\+[\dA-Za-z.-]+)?$/

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

/** What is wrong with the tool itself: its name becomes a directory, its version stands in every answer. */
export function* toolFindings(tool: ToolIdentity): Iterable<Finding> {
  if (typeof tool.name !== 'string' || !TOOL_NAME.test(tool.name)) {
    yield {
      code: 'TOOL_NAME_MALFORMED',
      place: 'name',
      message: `${JSON.stringify(tool.name) ?? 'undefined'} cannot be the name of a tool.`,
      fix: 'Use letters, digits, dots, hyphens and underscores, at most 64, beginning with a letter or a digit.',
    }
  }
  if (typeof tool.version !== 'string' || !SEMVER.test(tool.version)) {
    yield {
      code: 'TOOL_VERSION_MALFORMED',
      place: 'version',
      message: `${JSON.stringify(tool.version) ?? 'undefined'} is no semantic version.`,
      fix: 'Use MAJOR.MINOR.PATCH, such as 1.0.0.',
    }
  }
  if (typeof tool.description !== 'string' || tool.description.trim() === '') {
    yield {
      code: 'DESCRIPTION_EMPTY',
      place: 'description',
      message: 'The tool says nothing about itself.',
      fix: 'Say in one sentence what it is for.',
    }
  }
}
