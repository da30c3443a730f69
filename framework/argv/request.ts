/** What argument parsing is asked, and what it answers. */
import type { CommandContract, Flags } from '../contract/declaration.js'
import type { JsonSchema } from '../contract/json-schema.js'
import type { ArgumentFault } from './faults.js'

/** What parsing needs of a contract. */
export type ArgumentContract = Pick<
  CommandContract,
  'name' | 'flags' | 'positionals' | 'option_placement' | 'examples'
> &
  Partial<Pick<CommandContract, 'danger_level'>>

export interface ParseRequest {
  /** The tool's name, for suggestions. */
  readonly tool: string
  readonly contract: ArgumentContract
  readonly globals: Flags
  /** Groups of flags of which a call may give one (REQ-O-008). */
  readonly exclusive?: readonly (readonly string[])[]
  /** Without the words of the command's path. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute. Relative paths are resolved against it, or against `--cwd` where that is given (REQ-O-017). */
  readonly cwd: string
}

/** A value whose own JSON Schema remains to be checked by who holds the validators. */
export interface SchemaCheck {
  readonly field: string
  readonly param: string
  readonly value: unknown
  readonly schema: JsonSchema
}

export interface ParsedArguments {
  /** By wire name; a value that is neither given nor defaulted has no key. */
  readonly args: Readonly<Record<string, unknown>>
  readonly globals: Readonly<Record<string, unknown>>
  /** Names given on the command line; a boolean that was given as false is not (REQ-C-026). */
  readonly present: ReadonlySet<string>
  /** Empty where the call is valid. */
  readonly errors: readonly ArgumentFault[]
  /** `object` and `array` flags that somebody gave and that declare a schema, still to be held to it. */
  readonly schema_checks: readonly SchemaCheck[]
}
