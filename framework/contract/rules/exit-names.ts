/** The names of exits: UPPER_SNAKE, and none of those that belong to signals (REQ-F-001). */
import { INHERITED_EXIT_CODES, isStandardExitName } from '../exit-codes.js'
import { objectMembers } from '../plain-data.js'
import type { Rule } from '../violation.js'

const NAME = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/

export const exitNames: Rule = function* (command) {
  for (const [name] of objectMembers(command.data['exit_codes'])) {
    const place = `exit_codes.${name}`
    if (!NAME.test(name)) {
      yield {
        code: 'EXIT_NAME_MALFORMED',
        place,
        message: `${JSON.stringify(name)} is no exit name.`,
        fix: 'Key the entry by a name in UPPER_SNAKE, such as NOT_FOUND; its number follows from it or stands in `code`.',
      }
    } else if (isReserved(name)) {
      yield {
        code: 'EXIT_NAME_RESERVED',
        place,
        message: `${name} belongs to the framework's signal handlers.`,
        fix: 'Leave it out: every command has it.',
      }
    }
  }
}

/** Whether a command may have an exit of this name for itself: its number is the command's to give then. */
export function isOwnExitName(name: string): boolean {
  return NAME.test(name) && !isStandardExitName(name) && !isReserved(name)
}

function isReserved(name: string): boolean {
  return !isStandardExitName(name) && Object.hasOwn(INHERITED_EXIT_CODES, name)
}
