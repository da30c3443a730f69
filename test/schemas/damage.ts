/** Every small way to damage a document of a closed schema: what a torn, forged or foreign file looks like. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export interface Damage {
  /** What was done, and where. */
  readonly what: string
  readonly document: Json
}

/** One damaged copy for each field that can be missing, each object that can be added to, each value of another type. */
export function* damages(document: Json, path = ''): Generator<Damage> {
  if (path !== '') yield { what: `another type at ${path}`, document: otherType(document) }
  if (Array.isArray(document)) {
    const items: readonly Json[] = document
    for (const [index, item] of items.entries()) {
      for (const { what, document: damaged } of damages(item, `${path}/${index}`)) {
        yield { what, document: items.with(index, damaged) }
      }
    }
  } else if (isObject(document)) {
    yield { what: `a field too many at ${path || '/'}`, document: { ...document, never_declared: 1 } }
    for (const [key, value] of Object.entries(document)) {
      const { [key]: _, ...others } = document
      yield { what: `${path}/${key} missing`, document: others }
      for (const { what, document: damaged } of damages(value, `${path}/${key}`)) {
        yield { what, document: { ...document, [key]: damaged } }
      }
    }
  }
}

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

// An object is no scalar, no list and no null; a text is no object.
const otherType = (value: Json): Json => (isObject(value) ? 'text' : {})
