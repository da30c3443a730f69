/** The longest life of a background run: one that can be kept (REQ-C-010). */
import { type Plain, shown } from '../plain-data.js'
import type { Rule } from '../violation.js'

const MAX_LIFETIME_SECONDS = 31_536_000

export const maxLifetime: Rule = function* (command) {
  const lifetime = command.data['max_lifetime_seconds']
  if (lifetime === undefined || isLifetime(lifetime)) return
  yield {
    code: 'MAX_LIFETIME_INVALID',
    place: 'max_lifetime_seconds',
    message: `${shown(lifetime)} is no lifetime.`,
    fix: `Give whole seconds from 1 to ${MAX_LIFETIME_SECONDS} (one year), as a number.`,
  }
}

function isLifetime(value: Plain): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_LIFETIME_SECONDS
}
