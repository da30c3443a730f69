/** The two functions of a command: the one that it must have and the one that it may. */
import type { Rule } from '../violation.js'

export const functions: Rule = function* (command) {
  if (!command.has_execute) {
    yield {
      code: 'EXECUTE_MISSING',
      place: 'execute',
      message: 'The command has no function `execute`.',
      fix: 'Give it `async execute(args, ctx) { … }`, which returns the data of the answer.',
    }
  }
  // Functions were taken out of the data before: what is left is something else.
  if (Object.hasOwn(command.data, 'validate')) {
    yield {
      code: 'VALIDATE_NO_FUNCTION',
      place: 'validate',
      message: '`validate` is no function.',
      fix: 'Make it `validate(args, ctx) { return [] }`, or leave it out.',
    }
  }
}
