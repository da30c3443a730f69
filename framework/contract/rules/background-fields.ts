/** The three fields of a background command: all or none, and a lifetime that can be kept (REQ-C-010). */
import { isPlainObject, type PlainObject } from '../plain-data.js'
import type { Rule } from '../violation.js'

const FIELDS = ['spawns_background_process', 'cleanup_command', 'max_lifetime_seconds'] as const
const MAX_LIFETIME_SECONDS = 31_536_000

/** What the framework adds to the answer of a background command (design: the contract). */
const FRAMEWORK_FIELDS = [
  'background_pid',
  'cleanup_command',
  'pid_file',
  'run_id',
  'session_id',
  'log_path',
] as const

/** Fields of the other process lifecycles and of stdout protocols, which no contract can join to these. */
const OTHER_LIFECYCLES = ['interruption', 'async', 'stdout', 'protocol'] as const

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
  const lifetime = data['max_lifetime_seconds']
  if (lifetime !== undefined && !isLifetime(lifetime)) {
    yield {
      code: 'MAX_LIFETIME_INVALID',
      place: 'max_lifetime_seconds',
      message: `${typeof lifetime === 'number' ? lifetime : JSON.stringify(lifetime)} is no lifetime.`,
      fix: `Give whole seconds from 1 to ${MAX_LIFETIME_SECONDS} (one year), as a number.`,
    }
  }
}

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

export const backgroundOutput: Rule = function* (command) {
  const schema = command.data['output_schema']
  if (!isBackground(command.data) || !isPlainObject(schema)) return
  if (schema['type'] === 'array') {
    yield {
      code: 'OUTPUT_NO_OBJECT',
      place: 'output_schema.type',
      message: 'The answer of a background command carries fields of the framework, so it must be an object.',
      fix: "Declare `type: 'object'` and put the list into a property.",
    }
  }
  const properties = schema['properties']
  if (!isPlainObject(properties)) return
  for (const field of FRAMEWORK_FIELDS) {
    if (!Object.hasOwn(properties, field)) continue
    yield {
      code: 'OUTPUT_FIELD_RESERVED',
      place: `output_schema.properties.${field}`,
      message: `The framework adds \`${field}\` to the answer and to the schema of a background command.`,
      fix: 'Leave it out of the schema and of what `execute` returns.',
    }
  }
}

/** Whether a command says that it leaves a process behind. */
export function isBackground(data: PlainObject): boolean {
  return data['spawns_background_process'] === true
}

function isLifetime(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_LIFETIME_SECONDS
}
