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

const OPTIONS: Options = {
  allErrors: true,
  // Unknown keywords and formats are annotations in draft-07, no errors and nothing to log.
  strict: false,
  logger: false,
  // Without it `required: ["toString"]` is met by every object.
  ownProperties: true,
  // Two contracts may carry schemas of the same $id.
  addUsedSchema: false,
}

let shared: Promise<Ajv> | null = null

/** The one of this process: making another costs more than compiling with it. */
export function sharedAjv(): Promise<Ajv> {
  shared ??= newAjv({})
  return shared
}

/** One that writes code: new for each text, for it numbers the names in it by what it made before; it checks no schema. */
export function codeWriter(): Promise<Ajv> {
  return newAjv({ code: { source: true, lines: true }, meta: false, validateSchema: false })
}

/** Makes the compiler that the registration rules ask. */
export async function schemaCompiler(): Promise<SchemaCompiler> {
  const ajv = await sharedAjv()
  return {
    faults(schema) {
      const faults = metaFaults(ajv, schema)
      // References and patterns are looked at only when a schema is compiled, which costs fifty times its validation.
      if (faults.length > 0 || !COMPILED.test(JSON.stringify(schema))) return faults
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

const COMPILED = /"(?:\$ref|pattern|patternProperties)"/

function metaFaults(ajv: Ajv, schema: object): readonly SchemaFault[] {
  if (Object.hasOwn(schema, '$async')) return [{ place: '$async', message: 'is no keyword of draft-07' }]
  try {
    if (ajv.validateSchema(schema) === true) return []
  } catch (error) {
    // Thrown for a $schema that is not known here.
    return [{ place: '$schema', message: messageOf(error) }]
  }
  return essentialErrors(ajv.errors).map(fault => ({ place: placeOf(fault), message: complaintOf(fault) }))
}

async function newAjv(options: Options): Promise<Ajv> {
  const { Ajv } = await import('ajv')
  return new Ajv({ ...OPTIONS, ...options, formats: { ...FORMATS } })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
