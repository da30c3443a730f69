/** The three fields of a background command: all or none (REQ-C-010). */
import type { PlainObject } from '../plain-data.js'
import type { Rule } from '../violation.js'

const FIELDS = ['spawns_background_process', 'cleanup_command', 'max_lifetime_seconds'] as const

export const backgroundFields: Rule = function* (command) {
  const { data } = command
  const declared = FIELDS.filter(field => data[field] !== undefined && data[field] !== false)
  if (declared.length > 0) {
    for (const field of FIELDS) {
      if (declared.includes(field)) continue
      yield {
        code: 'BACKGROUND_FIELDS_INCOMPLETE',
        place: field,
        message: `\`${declared.join('` and `')}\` ${declared.length === 1 ? 'stands' : 'stand'} without \`${field}\`.`,
        fix: `Declare all of ${FIELDS.map(name => `\`${name}\``).join(', ')}, or none.`,
      }
    }
  }
}

/** Whether a command says that it leaves a process behind. */
export function isBackground(data: PlainObject): boolean {
  return data['spawns_background_process'] === true
}
