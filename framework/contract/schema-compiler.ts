/**
 * Ajv as this framework sets it up for the schemas that authors write: in development only, loaded when first needed,
 * because its import costs more than a whole start of a compiled tool.
 */
import type { Ajv, Options } from 'ajv'
import { FORMATS } from './formats.js'
import { complaintOf, describeErrors, essentialErrors, placeOf } from './schema-error.js'

export interface SchemaFault {
  /** Dotted place within the schema. */
  readonly place: string
  readonly message: string
}

export interface SchemaCompiler {
  /** What keeps a schema from being a valid draft-07 schema that stands on its own; empty where nothing does. */
  faults(schema: object): readonly SchemaFault[]
  /** What in a value does not fit a schema without faults. */
  mismatches(schema: object, value: unknown): readonly string[]
}

/**
 * A new validator factory with the options of this framework.
 * @param code options of generated code, where that is wanted
 */
export async function newAjv(code: NonNullable<Options['code']> = {}): Promise<Ajv> {
  const { Ajv } = await import('ajv')
  const formats = { ...FORMATS }
  return new Ajv({
    allErrors: true,
    // Unknown keywords and formats are annotations in draft-07, no errors and nothing to log.
    strict: false,
    logger: false,
    // Without it `required: ["toString"]` is met by every object.
    ownProperties: true,
    // Two contracts may carry schemas of the same $id.
    addUsedSchema: false,
    formats,
    code,
  })
}

/** Makes the compiler that the registration rules ask. */
export async function schemaCompiler(): Promise<SchemaCompiler> {
  const ajv = await newAjv()
  const metaFaults = (schema: object): readonly SchemaFault[] => {
    if (Object.hasOwn(schema, '$async')) return [{ place: '$async', message: 'is no keyword of draft-07' }]
    try {
      if (ajv.validateSchema(schema) === true) return []
    } catch (error) {
      // Thrown for a $schema that is not known here.
      return [{ place: '$schema', message: messageOf(error) }]
    }
    return essentialErrors(ajv.errors).map(fault => ({ place: placeOf(fault), message: complaintOf(fault) }))
  }

  return {
    faults(schema) {
      const faults = metaFaults(schema)
      // References and patterns are looked at only when a schema is compiled, which costs fifty times its validation.
      if (faults.length > 0 || !/"(?:\$ref|pattern|patternProperties)"/.test(JSON.stringify(schema)))
        return faults
      try {
        ajv.compile(schema)
        return []
      } catch (error) {
        return [{ place: '', message: messageOf(error) }]
      }
    },
    mismatches(schema, value) {
      const check = ajv.compile(schema)
      return check(value) ? [] : describeErrors(check.errors)
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
