/** JSON Schemas of flags: an object has one, an array may, and they are sound (REQ-C-015). */
import { isPlainObject, objectMembers } from '../plain-data.js'
import type { Rule } from '../violation.js'

export const flagSchemas: Rule = function* (command, context) {
  for (const [name, flag] of objectMembers(command.data['flags'])) {
    const place = `flags.${name}.schema`
    const { type, schema } = flag
    if (schema === undefined) {
      if (type === 'object') {
        yield {
          code: 'FLAG_SCHEMA_MISSING',
          place,
          message: 'A flag that takes a JSON object says what is in it.',
          fix: "Add `schema`, a draft-07 schema with `type: 'object'` and its `properties`.",
        }
      }
      continue
    }
    if (!isPlainObject(schema)) continue
    if (type !== undefined && type !== 'object' && type !== 'array') {
      yield {
        code: 'FLAG_SCHEMA_MISPLACED',
        place,
        message: `\`schema\` says nothing about a flag of the type ${JSON.stringify(type)}.`,
        fix: "Leave it out, or make the flag `type: 'object'` or `type: 'array'`.",
      }
      continue
    }
    for (const fault of context.schemas.faults(schema)) {
      yield {
        code: 'FLAG_SCHEMA_INVALID',
        place: [place, fault.place].filter(part => part !== '').join('.'),
        message: `It is no valid draft-07 schema: ${fault.place || 'it'} ${fault.message}.`,
        fix: 'Correct the schema; references must stay within it.',
      }
    }
    if (schema['type'] !== undefined && type !== undefined && schema['type'] !== type) {
      yield {
        code: 'FLAG_SCHEMA_TYPE',
        place: `${place}.type`,
        message: `The flag takes an ${type}, its schema describes ${JSON.stringify(schema['type'])}.`,
        fix: `Describe the whole value: \`type: '${type}'\`.`,
      }
    }
  }
}
