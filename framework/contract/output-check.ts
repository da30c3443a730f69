/** Holds data to a schema that an author wrote: compiled in memory in development, as source text for a compiled tool. */
import type { JsonSchema } from './json-schema.js'
import { codeWriter, sharedAjv } from './schema-compiler.js'
import { describeErrors } from './schema-error.js'

/** Answers with what does not fit, as sentences about the subject, `data` by default; an empty list where all does. */
export type OutputCheck = (data: unknown, subject?: string) => readonly string[]

/**
 * Compiles a schema for this process; loads ajv (REQ-C-015).
 * @param schema an output schema, or the schema of an `object` or `array` flag
 * @throws Error where the schema is no valid draft-07 schema; registration reports that before
 */
export async function compileOutputCheck(schema: JsonSchema): Promise<OutputCheck> {
  const check = (await sharedAjv()).compile(schema)
  return (data, subject) => (check(data) ? [] : describeErrors(check.errors, subject))
}

/**
 * The source of an ES module that needs nothing at run time: its default export takes data, answers with a boolean
 * and leaves `errors` on itself.
 * @throws Error as compileOutputCheck
 */
export async function standaloneOutputCheck(schema: JsonSchema): Promise<string> {
  return `export default ${await standaloneExpression(schema)}\n`
}

/** The same check as one expression, so that a module can hold several; the same text for the same schema. */
export async function standaloneExpression(schema: JsonSchema): Promise<string> {
  await compileOutputCheck(schema)
  const ajv = await codeWriter()
  const { default: standalone } = await import('ajv/dist/standalone/index.js')
  const code = standalone.default(ajv, ajv.compile(schema))
  const body = code.replace(/^"use strict";\s*/, '').replace(RUNTIME_PART, (_, name: string) => {
    const source = RUNTIME_SOURCES.get(name)
    if (source === undefined) throw new Error(`a compiled check needs '${name}', which has no source here`)
    return `= ${source};`
  })
  return `((module) => {\n${body.trim()}\nreturn module.exports;\n})({ exports: {} })`
}

/** How generated code asks for a part of ajv. Within a string of the schema the quotes would be escaped. */
const RUNTIME_PART = /= require\("([^"]+)"\)\.default;/g

/** What ajv's generated code would import, written out: lengths count characters, not UTF-16 units. */
const RUNTIME_SOURCES: ReadonlyMap<string, string> = new Map([
  [
    'ajv/dist/runtime/ucs2length',
    `(text) => {
let count = 0;
for (const _ of text) count += 1;
return count;
}`,
  ],
  [
    'ajv/dist/runtime/equal',
    `function same(a, b) {
if (Object.is(a, b) || a === b) return true;
if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
if (Array.isArray(a) !== Array.isArray(b)) return false;
const keys = Object.keys(a);
return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}`,
  ],
])
