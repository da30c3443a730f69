/** The shape of one contract: the JSON Schema's errors as findings, each with what to write instead. */
import validate from '../../schemas/generated/validate-command-contract.js'
import { nearest } from '../argv/suggest.js'
import type {
  CommandContract,
  ExampleDeclaration,
  FlagDeclaration,
  PositionalDeclaration,
} from './declaration.js'
import type { ExitCodeDeclaration } from './exit-codes.js'
import type { PlainObject } from './plain-data.js'
import { complaintOf, essentialErrors, placeOf, type SchemaError, textParam } from './schema-error.js'
import type { Finding } from './violation.js'

/** Holds a contract to `command-contract.json`, all errors at once. */
export function schemaFindings(contract: PlainObject): readonly Finding[] {
  if (validate(contract)) return []
  return essentialErrors(validate.errors).map(findingOf)
}

function findingOf(error: SchemaError): Finding {
  const place = placeOf(error)
  const what = `\`${place}\` ${complaintOf(error)}.`
  switch (error.keyword) {
    case 'required':
      return { code: 'FIELD_MISSING', place, message: what, fix: fixOfMissing(place) }
    case 'additionalProperties':
      return unknownField(place, what, textParam(error, 'additionalProperty') ?? '')
    case 'type':
      return {
        code: 'FIELD_TYPE',
        place,
        message: what,
        fix: `Write it as ${textParam(error, 'type') ?? 'declared'}.`,
      }
    default:
      return {
        code: 'FIELD_VALUE',
        place,
        message: what,
        fix: 'Correct the value, or leave the field out where it is optional.',
      }
  }
}

const FIXES_OF_MISSING: ReadonlyMap<string, string> = new Map([
  ['name', "Add `name`, the words by which the command is called: 'deploy rollback'."],
  ['description', 'Add `description`, one sentence that says what it is for.'],
  ['danger_level', "Declare 'safe', 'mutating' or 'destructive'; there is no default."],
  ['required_scopes', 'Declare the scopes that the command needs, [] for none; there is no default.'],
  ['flags', 'Declare the flags, {} for none; there is no default.'],
  [
    'exit_codes',
    "Declare every exit by its name, at least SUCCESS: { description: '…', retryable: false, side_effects: 'complete' }.",
  ],
  ['output_schema', "Declare what the answer holds: { type: 'object', properties: { … }, required: [ … ] }."],
])

function fixOfMissing(place: string): string {
  const field = place.split('.').at(-1) ?? place
  return FIXES_OF_MISSING.get(place) ?? FIXES_OF_MISSING.get(field) ?? `Add \`${field}\`.`
}

/** The keys of each part of a contract; the compiler holds the lists to the types. */
const CONTRACT_KEYS = keysOf<CommandContract>({
  name: 0,
  description: 0,
  danger_level: 0,
  required_scopes: 0,
  flags: 0,
  positionals: 0,
  exit_codes: 0,
  output_schema: 0,
  schema_version: 0,
  examples: 0,
  aliases: 0,
  idempotent: 0,
  interactive: 0,
  timeout_seconds: 0,
  delegates_stdio: 0,
  spawns_background_process: 0,
  cleanup_command: 0,
  max_lifetime_seconds: 0,
  option_placement: 0,
  platform: 0,
  filesystem_side_effects: 0,
})
const PART_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'flags',
    keysOf<FlagDeclaration>({
      type: 0,
      description: 0,
      required: 0,
      default: 0,
      enum_values: 0,
      short: 0,
      pattern: 0,
      pattern_type: 0,
      env_vars: 0,
      schema: 0,
    }),
  ],
  [
    'positionals',
    keysOf<PositionalDeclaration>({
      name: 0,
      type: 0,
      description: 0,
      required: 0,
      enum_values: 0,
      variadic: 0,
    }),
  ],
  [
    'exit_codes',
    keysOf<ExitCodeDeclaration>({
      description: 0,
      retryable: 0,
      side_effects: 0,
      code: 0,
      error_codes: 0,
    }),
  ],
  ['examples', keysOf<ExampleDeclaration>({ description: 0, command: 0 })],
])

function keysOf<T>(keys: Record<keyof T, 0>): readonly string[] {
  return Object.keys(keys)
}

function unknownField(place: string, message: string, field: string): Finding {
  const [part] = place.split('.')
  const known =
    place === field ? [...CONTRACT_KEYS, 'execute', 'validate'] : (PART_KEYS.get(part ?? '') ?? [])
  const [near] = nearest(field, known, 1)
  const listed = known.length === 0 ? '' : ` Known are ${known.join(', ')}.`
  const fix = near === undefined ? `Leave it out.${listed}` : `Did you mean \`${near}\`?`
  return { code: 'FIELD_UNKNOWN', place, message, fix }
}
