/** JSON Schema (draft-07) as authors write it in contracts, and the TypeScript type that a literal of it describes. */

/** A draft-07 schema. The keywords that the framework itself reads are named; all others pass through to the validator. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly [keyword: string]: unknown
}

type Primitive = { string: string; integer: number; number: number; boolean: boolean; null: null }

type ObjectFrom<S> = S extends { properties: infer P }
  ? S extends { required: readonly (infer R)[] }
    ? { readonly [K in keyof P as K extends R ? K : never]: FromSchema<P[K]> } & {
        readonly [K in keyof P as K extends R ? never : K]?: FromSchema<P[K]>
      }
    : { readonly [K in keyof P]?: FromSchema<P[K]> }
  : S extends { additionalProperties: infer A extends JsonSchema }
    ? Readonly<Record<string, FromSchema<A>>>
    : Readonly<Record<string, unknown>>

type OneType<T, S> = T extends keyof Primitive
  ? Primitive[T]
  : T extends 'array'
    ? S extends { items: infer I }
      ? readonly FromSchema<I>[]
      : readonly unknown[]
    : T extends 'object'
      ? ObjectFrom<S>
      : unknown

/** The type of the values that a schema literal accepts; `unknown` where it uses a keyword that types cannot follow. */
export type FromSchema<S> = S extends { const: infer C }
  ? C
  : S extends { enum: readonly (infer E)[] }
    ? E
    : S extends { type: readonly (infer T)[] }
      ? OneType<T, S>
      : S extends { type: infer T }
        ? OneType<T, S>
        : S extends { anyOf: readonly (infer A)[] } | { oneOf: readonly (infer A)[] }
          ? FromSchema<A>
          : unknown
