/** The answer of a background command has room for what the framework adds to it (REQ-C-010). */
import { isPlainObject, type Plain } from '../plain-data.js'
import type { Finding, Rule } from '../violation.js'
import { isBackground } from './background-fields.js'

/** What the framework adds to the answer of a background command (design: the contract). */
const FRAMEWORK_FIELDS = [
  'background_pid',
  'cleanup_command',
  'pid_file',
  'run_id',
  'session_id',
  'log_path',
] as const

export const backgroundOutput: Rule = function* ({ data }) {
  if (isBackground(data))
    yield* reservedOutput(data['output_schema'], 'a background command', FRAMEWORK_FIELDS)
}

/** @param owner whose answer it is, with its article */
export function* reservedOutput(
  schema: Plain | undefined,
  owner: string,
  fields: readonly string[],
): Iterable<Finding> {
  if (!isPlainObject(schema)) return
  if (schema['type'] === 'array') {
    yield {
      code: 'OUTPUT_NO_OBJECT',
      place: 'output_schema.type',
      message: `The answer of ${owner} carries fields of the framework, so it must be an object.`,
      fix: "Declare `type: 'object'` and put the list into a property.",
    }
  }
  const properties = schema['properties']
  if (!isPlainObject(properties)) return
  for (const field of fields) {
    if (!Object.hasOwn(properties, field)) continue
    yield {
      code: 'OUTPUT_FIELD_RESERVED',
      place: `output_schema.properties.${field}`,
      message: `The framework adds \`${field}\` to the answer and to the schema of ${owner}.`,
      fix: 'Leave it out of the schema and of what `execute` returns.',
    }
  }
}
