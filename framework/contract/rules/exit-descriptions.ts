/** The description of an exit: one sentence that the manifest has room for (REQ-C-001). */
import { objectMembers } from '../plain-data.js'
import type { Rule } from '../violation.js'

const MAX_DESCRIPTION = 120

export const exitDescriptions: Rule = function* (command) {
  for (const [name, { description }] of objectMembers(command.data['exit_codes'])) {
    if (typeof description !== 'string') continue
    const length = [...description].length
    if (description.trim() !== '' && length <= MAX_DESCRIPTION) continue
    yield {
      code: 'EXIT_DESCRIPTION_LENGTH',
      place: `exit_codes.${name}.description`,
      message: length > MAX_DESCRIPTION ? `It has ${length} characters.` : 'It is empty.',
      fix: `Say in one sentence of at most ${MAX_DESCRIPTION} characters when this exit happens.`,
    }
  }
}
