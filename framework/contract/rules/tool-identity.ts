/** The tool itself: its name becomes a directory, its version stands in every answer. */
import type { ToolRule } from '../violation.js'

const TOOL_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i
const SEMVER = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[\dA-Za-z.-]+)?(?:\+[\dA-Za-z.-]+)?$/

export const toolIdentity: ToolRule = function* (tool) {
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
