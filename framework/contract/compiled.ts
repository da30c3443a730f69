/** The shape of a compiled manifest: what `<tool> manifest --write` writes and a tool in production starts from. */
import type { CommandContract } from './declaration.js'
import { describeErrors, type SchemaError } from './schema-error.js'

/** A check of data as generated code has it: false leaves `errors` on the function. */
export interface CompiledCheck {
  (data: unknown): boolean
  readonly errors?: readonly SchemaError[] | null
}

/** One command: everything that a call needs of it, but for its handler. */
export interface CompiledCommand {
  readonly contract: CommandContract
  /** Holds a handler's data to the declared output schema. */
  readonly check: CompiledCheck
  /** By flag: holds its value to the flag's own `schema`. */
  readonly flag_checks: Readonly<Record<string, CompiledCheck>>
}

/** One line of the route table. */
export interface CompiledRoute {
  readonly aliases?: readonly string[]
  readonly builtin?: true
}

/** `<name>.manifest.js`: a route table, and where its parts lie. */
export interface CompiledManifest {
  readonly format: 3
  readonly framework_version: string
  readonly tool: { readonly name: string; readonly version: string }
  readonly etag: string
  /** By command path. Look up with Object.hasOwn: a path can be `constructor`. */
  readonly routes: Readonly<Record<string, CompiledRoute>>
  /** The directory of its parts, relative to `at`. */
  readonly parts: string
  /** The address of this file. */
  readonly at: string
}

/** A command's file among the parts. Words hold hyphens but no dots, so no two commands meet in one. */
export const commandFile = (path: string): string => `commands/${path.replaceAll(' ', '.')}.script.js`

/** The whole ManifestResponse as JSON text, among the parts. */
export const RESPONSE_FILE = 'response.json'

/** Asks a compiled check. @returns what does not fit, as sentences; empty where all does */
export function explain(check: CompiledCheck, data: unknown, subject?: string): readonly string[] {
  return check(data) ? [] : describeErrors(check.errors, subject)
}
