/** What an author's declaration must look like, field by field. */
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type {
  CommandContract,
  FlagDeclaration,
  PositionalDeclaration,
} from '../../framework/contract/declaration.js'
import type { ExitCodeDeclaration } from '../../framework/contract/exit-codes.js'
import validate from '../../schemas/generated/validate-command-contract.js'

// Required: the compiler asks for every field that an author can declare, the schema must then know it.
const flag: Required<FlagDeclaration> = {
  type: 'enum',
  description: 'Which changes',
  required: false,
  default: 'all',
  enum_values: ['all', 'none'],
  short: 'f',
  pattern: '^[a-z]+$',
  pattern_type: 'alphanumeric_id',
  env_vars: [{ name: 'MY_TOOL_FILTER' }, { name: 'FILTER', description: 'Its old name', deprecated: true }],
  schema: { type: 'string' },
}

const positional: Required<PositionalDeclaration> = {
  name: 'targets',
  type: 'enum',
  description: 'Files',
  required: false,
  enum_values: ['a', 'b'],
  variadic: true,
}

const own_exit: Required<ExitCodeDeclaration> = {
  code: 79,
  description: 'The system allows no more watches',
  retryable: true,
  side_effects: 'none',
  error_codes: ['WATCH_LIMIT'],
}

const contract: Required<CommandContract> = {
  name: 'watch start',
  description: 'Watch a directory and record every change.',
  danger_level: 'safe',
  required_scopes: ['files:read'],
  flags: { dir: { type: 'string', description: 'What to watch' }, 'only-new': flag },
  positionals: [positional],
  exit_codes: {
    SUCCESS: { description: 'Watcher started', retryable: false, side_effects: 'complete' },
    TOO_MANY_WATCHES: own_exit,
  },
  output_schema: { type: 'object', required: ['watching'], properties: { watching: { type: 'string' } } },
  schema_version: '1.4',
  examples: [{ description: 'Here', command: 'my-tool watch start --dir .' }],
  aliases: ['watch'],
  idempotent: true,
  interactive: false,
  timeout_seconds: 0.5,
  delegates_stdio: false,
  spawns_background_process: true,
  cleanup_command: 'stop',
  max_lifetime_seconds: 31_536_000,
  option_placement: 'any',
  platform: ['linux'],
  filesystem_side_effects: [
    { path: '~/.cache/my-tool', type: 'cache', ttl_seconds: 60, clearable_with: 'my-tool cleanup' },
  ],
}

/** Where the errors of a contract lie, each once. */
function faults(document: unknown): string[] {
  if (validate(document)) return []
  return [...new Set(validate.errors?.map(error => error.instancePath))].sort()
}

test('a contract with every field is accepted, and one with only what is required', () => {
  expect(faults(contract)).toEqual([])
  const { name, description, danger_level, required_scopes, flags, exit_codes, output_schema } = contract
  expect(
    faults({ name, description, danger_level, required_scopes, flags, exit_codes, output_schema }),
  ).toEqual([])
})

test('the schema knows no field that an author cannot declare', async () => {
  const schema = JSON.parse(await readFile('schemas/command-contract.json', 'utf8'))
  const { FlagDocument, PositionalDocument, ExitCodeDocument } = schema.definitions
  const known = [schema, FlagDocument, PositionalDocument, ExitCodeDocument].map(
    ({ properties }) => properties,
  )
  const declared = [contract, flag, positional, own_exit]
  expect(known.map(part => Object.keys(part).sort())).toEqual(declared.map(part => Object.keys(part).sort()))
})

test.each([
  'danger_level',
  'required_scopes',
  'flags',
  'exit_codes',
  'output_schema',
  'name',
  'description',
] as const)('%s has no default', field => {
  const { [field]: _, ...others } = contract
  expect(validate(others)).toBe(false)
  expect(validate.errors?.map(error => error.params)).toEqual([{ missingProperty: field }])
})

describe.each([
  ['name', ['', 'Deploy', 'deploy  now', ' deploy', 'deploy ', '-x', 'deploy/now', 7]],
  ['description', ['', null]],
  ['danger_level', ['harmless', null]],
  ['required_scopes', [null, 'files:read', [1], ['a', 'a']]],
  ['flags', [null, [], { Dir: {} }, { '-dir': {} }, { a: { type: 'path', description: 'x' } }]],
  ['exit_codes', [null, [], { success: contract.exit_codes['SUCCESS'] }, { SUCCESS: {} }, { SUCCESS: null }]],
  ['output_schema', [null, true, []]],
  ['schema_version', ['1', 1, '1.0.0']],
  ['timeout_seconds', [-1, '60', Number.NaN]],
  ['max_lifetime_seconds', ['60', 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 31_536_001, null]],
  ['spawns_background_process', ['yes', 1, null]],
  ['cleanup_command', ['', null, ['stop']]],
  ['option_placement', ['first', null]],
  ['platform', [[], 'linux', ['']]],
  ['aliases', ['watch', ['Watch'], ['a', 'a']]],
  ['examples', ['my-tool', [{ command: 'my-tool' }], [{ description: '', command: 'x' }]]],
] as const)('%s', (field, values) => {
  test.each(values.map(value => [value]))('cannot be %j', value => {
    const found = faults({ ...contract, [field]: value })
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter(place => !place.startsWith(`/${field}`))).toEqual([])
  })
})

test.each([
  ['a default of null', { default: null }],
  ['an empty list of values', { enum_values: [] }],
  ['the same value twice', { enum_values: ['a', 'a'] }],
  ['a short name of two characters', { short: 'ab' }],
  ['a short name that is no letter or digit', { short: '-' }],
  ['an unknown pattern type', { pattern_type: 'email' }],
  ['a variable that cannot be set', { env_vars: [{ name: 'A-B' }] }],
  ['no variable', { env_vars: [] }],
  ['a field that no flag has', { alias: 'd' }],
])('a flag with %s is refused', (_, part) => {
  const flag = { type: 'string', description: 'x', ...part }
  expect(validate({ ...contract, flags: { dir: flag } })).toBe(false)
})

test('a field that no contract has is refused by its name', () => {
  expect(validate({ ...contract, cleanup: 'stop' })).toBe(false)
  expect(validate.errors?.map(error => error.params)).toEqual([{ additionalProperty: 'cleanup' }])
})

test('everything that is wrong is said at once', () => {
  const wrong = {
    ...contract,
    name: 'Watch',
    danger_level: 'none',
    max_lifetime_seconds: '60',
    flags: { dir: { type: 'string' }, depth: { type: 'int', description: 'How deep' } },
  }
  expect(faults(wrong)).toEqual([
    '/danger_level',
    '/flags/depth/type',
    '/flags/dir',
    '/max_lifetime_seconds',
    '/name',
  ])
})
