/** Every command declares how it succeeds (REQ-C-001). */
import { isPlainObject } from '../plain-data.js'
import type { Rule } from '../violation.js'

export const exitSuccess: Rule = function* (command) {
  const declared = command.data['exit_codes']
  if (!isPlainObject(declared) || Object.hasOwn(declared, 'SUCCESS')) return
  yield {
    code: 'EXIT_SUCCESS_MISSING',
    place: 'exit_codes.SUCCESS',
    message: 'Exit code 0 is not declared.',
    fix: "Add SUCCESS: { description: '…', retryable: false, side_effects: 'complete' }, or 'none' for a command that only reads.",
  }
}
