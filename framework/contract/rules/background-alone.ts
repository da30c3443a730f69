/** A background command has one lifecycle: no other goes together with it (REQ-C-010). */
import type { Rule } from '../violation.js'
import { isBackground } from './background-fields.js'

/** Fields of the other process lifecycles and of stdout protocols, which no contract can join to these. */
const OTHER_LIFECYCLES = ['interruption', 'async', 'stdout', 'protocol'] as const

export const backgroundAlone: Rule = function* (command) {
  if (!isBackground(command.data)) return
  for (const field of OTHER_LIFECYCLES) {
    if (command.data[field] === undefined) continue
    yield {
      code: 'LIFECYCLE_CONFLICT',
      place: field,
      message: `A command that leaves a background process cannot have \`${field}\` too.`,
      fix: `Leave \`${field}\` out, or give each lifecycle its own command.`,
    }
  }
}
