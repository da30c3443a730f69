/** Flags and positionals as the wire has them: closed, `required` always said, a default only where there is one. */
import type { FlagDeclaration, Flags, PositionalDeclaration } from '../framework/contract/declaration.js'
import type { FlagEntry, FlagMap, PositionalEntry } from '../schemas/generated/types.js'

/** The media types of the formats (REQ-O-001). */
const MEDIA_TYPES = {
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  tsv: 'text/tab-separated-values',
  plain: 'text/plain',
} as const

/** A command's own flags. */
export function flagMap(flags: Flags): FlagMap {
  return Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flagEntry(flag)]))
}

/** The global flags; only their `format` tells media types. */
export function globalFlagMap(globals: Flags): FlagMap {
  const map = flagMap(globals)
  return map['format'] ? { ...map, format: { ...map['format'], media_types: MEDIA_TYPES } } : map
}

export function positionalEntry(positional: PositionalDeclaration): PositionalEntry {
  const { name, type, description, required, enum_values, variadic } = positional
  return {
    name,
    type,
    required: required ?? false,
    description,
    ...(enum_values === undefined ? {} : { enum_values }),
    ...(variadic === undefined ? {} : { variadic }),
  }
}

function flagEntry(flag: FlagDeclaration): FlagEntry {
  const { type, description, required, enum_values, short, pattern, pattern_type, env_vars, schema } = flag
  // Authors describe the whole array; the wire describes one item (FlagEntry).
  const wire_schema = type === 'array' ? schema?.items : schema
  return {
    type,
    required: required ?? false,
    description,
    ...defaultOf(flag),
    ...(enum_values === undefined ? {} : { enum_values }),
    ...(short === undefined ? {} : { short }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(pattern_type === undefined ? {} : { pattern_type }),
    ...(env_vars === undefined ? {} : { env_vars: env_vars.map(variable => ({ ...variable })) }),
    ...(wire_schema === undefined ? {} : { schema: wire_schema }),
  }
}

/** The default that holds; null is none. A boolean is false and an array empty without any. */
function defaultOf({ type, required, default: value }: FlagDeclaration): { default?: unknown } {
  if (value !== undefined && value !== null) return { default: value }
  if (required === true) return {}
  return type === 'boolean' ? { default: false } : type === 'array' ? { default: [] } : {}
}
