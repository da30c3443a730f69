/** What an exit may promise: what was done is done, and only what changed nothing is repeated (REQ-C-001, REQ-F-002). */
import { objectMembers, type PlainObject } from '../plain-data.js'
import type { Finding, Rule } from '../violation.js'

export const exitPromises: Rule = function* (command) {
  for (const [name, entry] of objectMembers(command.data['exit_codes'])) {
    const place = `exit_codes.${name}`
    if (name === 'SUCCESS') yield* successPromises(entry, place)
    else yield* failurePromises(name, entry, place)
  }
}

function* successPromises({ retryable, side_effects }: PlainObject, place: string): Iterable<Finding> {
  if (retryable === true) {
    yield {
      code: 'EXIT_SUCCESS_RETRYABLE',
      place: `${place}.retryable`,
      message: 'A success needs no retry.',
      fix: 'Make it `retryable: false`.',
    }
  }
  if (side_effects === 'partial') {
    yield {
      code: 'EXIT_SUCCESS_PARTIAL',
      place: `${place}.side_effects`,
      message: 'A success leaves nothing half-done.',
      fix: "Use 'complete', or 'none' for a command that only reads.",
    }
  }
}

function* failurePromises(
  name: string,
  { retryable, side_effects }: PlainObject,
  place: string,
): Iterable<Finding> {
  if (side_effects === 'complete') {
    yield {
      code: 'EXIT_COMPLETE_WITHOUT_SUCCESS',
      place: `${place}.side_effects`,
      message: "Only SUCCESS can be 'complete'.",
      fix: "Use 'none' or 'partial'.",
    }
  } else if (retryable === true && side_effects !== undefined && side_effects !== 'none') {
    yield {
      code: 'EXIT_RETRYABLE_WITH_SIDE_EFFECTS',
      place: `${place}.retryable`,
      message: 'A call that may have changed something is not repeated blindly.',
      fix: "Make it `retryable: false`, or `side_effects: 'none'` where nothing is written before it.",
    }
  }
  if (name === 'ARG_ERROR' && side_effects === 'partial') {
    yield {
      code: 'EXIT_ARG_ERROR_FIXED',
      place: `${place}.side_effects`,
      message: 'ARG_ERROR means that nothing was done (REQ-F-002).',
      fix: "Use 'none'; what fails after the start has another exit.",
    }
  }
  if ((name === 'ARG_ERROR' || name === 'PARTIAL_FAILURE') && retryable === true) {
    yield {
      code: `EXIT_${name}_FIXED`,
      place: `${place}.retryable`,
      message: `${name} is never retryable as it stands.`,
      fix: 'Make it `retryable: false`.',
    }
  }
}
