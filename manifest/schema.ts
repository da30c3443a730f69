/** What `<command> --schema` and `--output-schema` answer (REQ-C-015, REQ-O-013, contract B-08). */
import type { JsonSchema } from '../framework/contract/json-schema.js'
import type { RegisteredCommand, Registry } from '../framework/contract/registry.js'
import type { CommandEntry, FlagMap } from '../schemas/generated/types.js'
import { commandEntry, dotPath } from './command-entry.js'
import { effectiveExitCodes } from './exit-code-entries.js'
import { answeredSchema } from './output-schema.js'

/** A manifest entry with every exit code, and with what the closed manifest has no key for (contract B-14). */
export interface CommandSchema extends CommandEntry {
  /** Dot path. */
  readonly command: string
  /** The same as `flags`. */
  readonly parameters: FlagMap
  /** Of the command's output. */
  readonly schema_version: string
  /** Limit of one call; 0 for none. Absent where the framework's default holds. */
  readonly timeout_seconds?: number
  readonly requires_confirmation?: true
}

/**
 * The whole contract of one command.
 * @throws RangeError for a path that is not registered
 */
export function commandSchema(registry: Registry, path: string): CommandSchema {
  const command = registered(registry, path)
  const { contract } = command
  const entry = commandEntry(command, registry)
  return {
    command: dotPath(path),
    ...entry,
    parameters: entry.flags,
    positionals: entry.positionals ?? [],
    exit_codes: effectiveExitCodes(contract.exit_codes),
    schema_version: contract.schema_version ?? '1.0',
    ...(contract.timeout_seconds === undefined ? {} : { timeout_seconds: contract.timeout_seconds }),
    ...(contract.danger_level === 'destructive' ? { requires_confirmation: true } : {}),
  }
}

/**
 * The JSON Schema of one command's `data`, the framework's own fields included.
 * @throws RangeError for a path that is not registered
 */
export function outputSchema(registry: Registry, path: string): JsonSchema {
  return answeredSchema(registered(registry, path).contract)
}

function registered(registry: Registry, path: string): RegisteredCommand {
  const command = registry.commands.get(path)
  if (command === undefined) throw new RangeError(`no command ${path}`)
  return command
}
