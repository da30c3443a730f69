/** The declared output: a sound schema of an object or a list, without clock times (REQ-C-015, REQ-F-021). */
import { isList, isPlainObject, type Plain, type PlainObject } from '../plain-data.js'
import type { Rule } from '../violation.js'

/** `data` of an answer is an object, a list or null. */
const ROOT_TYPES: readonly unknown[] = ['object', 'array', 'null']

export const outputSchema: Rule = function* (command, context) {
  const schema = command.data['output_schema']
  if (!isPlainObject(schema)) return
  const faults = context.schemas.faults(schema)
  for (const fault of faults) {
    yield {
      code: 'OUTPUT_SCHEMA_INVALID',
      place: ['output_schema', fault.place].filter(part => part !== '').join('.'),
      message: `It is no valid draft-07 schema: ${fault.place || 'it'} ${fault.message}.`,
      fix: 'Correct the schema; references must stay within it.',
    }
  }
  if (faults.some(fault => fault.place.split('.')[0] === 'type')) return
  const { type } = schema
  const types = isList(type) ? type : [type]
  const fits = types.every(one => ROOT_TYPES.includes(one)) && types.some(one => one !== 'null')
  if (!fits) {
    yield {
      code: 'OUTPUT_SCHEMA_ROOT',
      place: 'output_schema.type',
      message:
        type === undefined
          ? 'It does not say that the answer is an object or a list.'
          : `An answer cannot be ${JSON.stringify(type)}.`,
      fix: "Declare `type: 'object'` with `properties`, or `type: 'array'` with `items`; a single value becomes a property.",
    }
  }
}

/** A warning: what differs between two equal calls belongs into `meta` (REQ-F-021). */
export const outputTimestamps: Rule = function* (command) {
  if (command.builtin) return
  for (const place of timestamps(command.data['output_schema'], 'output_schema')) {
    yield {
      code: 'OUTPUT_TIMESTAMP',
      place,
      message: 'A time in the answer makes two equal calls answer differently.',
      fix: 'Leave out the time of the call: `meta.timestamp` has it. The time of a recorded event may stay.',
    }
  }
}

function* timestamps(schema: Plain | undefined, place: string): Iterable<string> {
  if (isList(schema)) {
    for (const [index, part] of schema.entries()) yield* timestamps(part, `${place}.${index}`)
  } else if (isPlainObject(schema)) {
    if (schema['format'] === 'date-time') yield place
    for (const [keyword, part] of subschemas(schema)) yield* timestamps(part, `${place}.${keyword}`)
  }
}

/** What of a schema can hold schemas: values that merely look like one (`default`, `enum`) are left out. */
function subschemas(schema: PlainObject): [string, Plain][] {
  return Object.entries(schema).filter(
    ([keyword]) => !['default', 'enum', 'const', 'examples'].includes(keyword),
  )
}
