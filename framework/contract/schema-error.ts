/** What a JSON Schema validator reports, and the same in words; loads no validator. */

/** The part of ajv's error object that is read here. */
export interface SchemaError {
  readonly instancePath: string
  readonly schemaPath: string
  readonly keyword: string
  readonly params: object
  readonly message?: string
}

/**
 * The errors that a reader needs. `anyOf` and its kin report what failed within beside themselves,
 * and `if` reports that it led to the errors which are listed anyway.
 */
export function essentialErrors(errors: readonly SchemaError[] | null | undefined): readonly SchemaError[] {
  const seen = new Set<string>()
  return (errors ?? []).filter(error => {
    const place = placeOf(error)
    const needless = error.keyword === 'if' || BRANCH.test(error.schemaPath)
    if (needless || seen.has(place)) return false
    seen.add(place)
    return true
  })
}

const BRANCH = /\/(?:anyOf|oneOf)\/\d+\/|\/propertyNames\//

/** The dotted place that an error is about; for a missing or an unknown property that property's own. */
export function placeOf(error: SchemaError): string {
  const path = error.instancePath.split('/').slice(1)
  const parts = path.map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const property =
    textParam(error, 'missingProperty') ??
    textParam(error, 'additionalProperty') ??
    textParam(error, 'propertyName')
  return property === null ? parts.join('.') : [...parts, property].join('.')
}

/** What is wrong there, as the end of a sentence that begins with the place: `must be string`. */
export function complaintOf(error: SchemaError): string {
  switch (error.keyword) {
    case 'required':
      return 'is missing'
    case 'dependencies':
      return `is missing: ${textParam(error, 'property') ?? 'another property'} needs it`
    case 'additionalProperties':
      return 'is not declared'
    case 'propertyNames':
      return 'is no name that can stand there'
    case 'enum':
      return `must be one of ${shown(param(error, 'allowedValues')).replace(/^\[|\]$/g, '')}`
    case 'const':
      return `must be ${shown(param(error, 'allowedValue'))}`
    default:
      return error.message ?? `breaks the rule '${error.keyword}'`
  }
}

/** The errors as sentences. @param subject what the value itself is called */
export function describeErrors(
  errors: readonly SchemaError[] | null | undefined,
  subject = 'data',
): readonly string[] {
  return essentialErrors(errors).map(error => {
    const place = placeOf(error)
    return `${place === '' ? subject : `${subject}.${place}`} ${complaintOf(error)}`
  })
}

export function textParam(error: SchemaError, name: string): string | null {
  const value = param(error, name)
  return typeof value === 'string' ? value : null
}

function param(error: SchemaError, name: string): unknown {
  return Object.hasOwn(error.params, name) ? Reflect.get(error.params, name) : undefined
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
