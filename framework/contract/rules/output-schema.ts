/** The declared output: a sound schema of an object or a list (REQ-C-015). */
import { isList, isPlainObject } from '../plain-data.js'
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
