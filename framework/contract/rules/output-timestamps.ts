/** A warning: what differs between two equal calls belongs into `meta` (REQ-F-021). */
import { isList, isPlainObject, type Plain, type PlainObject } from '../plain-data.js'
import type { Rule } from '../violation.js'

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
