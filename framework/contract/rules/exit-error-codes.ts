/** The error codes that an exit can carry: UPPER_SNAKE, each listed once. */
import { objectMembers, stringItems } from '../plain-data.js'
import type { Rule } from '../violation.js'

const ERROR_CODE = /^[A-Z][A-Z0-9_]+$/

export const exitErrorCodes: Rule = function* (command) {
  for (const [name, { error_codes }] of objectMembers(command.data['exit_codes'])) {
    const seen = new Set<string>()
    for (const [index, error_code] of stringItems(error_codes)) {
      if (ERROR_CODE.test(error_code) && !seen.has(error_code)) seen.add(error_code)
      else {
        yield {
          code: 'EXIT_ERROR_CODE_INVALID',
          place: `exit_codes.${name}.error_codes.${index}`,
          message: `${JSON.stringify(error_code)} ${seen.has(error_code) ? 'is listed twice' : 'is no error code'}.`,
          fix: 'List each code once, in UPPER_SNAKE, such as FILE_NOT_FOUND.',
        }
      }
    }
  }
}
