/** What a manifest may say: closed at every level, each field by itself. */
import { describe, expect, test } from 'vitest'
import type { FlagEntry } from '../../schemas/generated/types.js'
import validate from '../../schemas/generated/validate-manifest-response.js'
import { bare, success, whole, withCommand, withFlag } from './manifest-documents.js'

function accepted(document: unknown) {
  const ok = validate(document)
  expect(ok, JSON.stringify(validate.errors)).toBe(true)
}

test('a manifest that uses every field is accepted, and one with only what is required', () => {
  accepted(whole)
  accepted({ schema_version: '3.0', framework_version: '1', etag: 'x', commands: { it: bare } })
})

test.each(['schema_version', 'framework_version', 'etag', 'commands'] as const)('%s is required', field => {
  const { [field]: _, ...others } = whole
  expect(validate(others)).toBe(false)
})

test.each(['description', 'danger_level', 'required_scopes', 'flags', 'exit_codes'] as const)(
  '%s is required of a command',
  field => {
    const { [field]: _, ...others } = bare
    expect(validate({ ...whole, commands: { it: others } })).toBe(false)
  },
)

describe('closed at every level', () => {
  const more = { never_declared: 1 }
  test.each([
    ['the root', { ...whole, ...more }],
    ['a command', withCommand(more)],
    ['a flag', withFlag(more)],
    ['a variable', withFlag({ env_vars: [{ name: 'A', ...more }] })],
    [
      'a positional',
      withCommand({
        positionals: [{ name: 'a', type: 'string', required: true, description: 'x', ...more }],
      }),
    ],
    ['an exit code', withCommand({ exit_codes: { '0': { ...success, ...more } } })],
    ['an example', withCommand({ examples: [{ description: 'x', command: 'x', ...more }] })],
    ['stdin', withCommand({ stdin: { mode: 'buffered', ...more } })],
    ['a side effect', withCommand({ filesystem_side_effects: [{ path: 'x', type: 'log', ...more }] })],
    ['a subprocess', withCommand({ subprocess: { binary: 'git', ...more } })],
    ['a condition', withCommand({ requires: [{ one_of: ['a', 'b'], ...more }] })],
    [
      'a dependency',
      { ...whole, dependencies: [{ name: 'x', check_command: 'x', min_version: '*', ...more }] },
    ],
    [
      'an interruption',
      withCommand({ ...whole.commands['analyze'], interruption: { detach: true, resume: true, ...more } }),
    ],
  ])('%s takes no other field', (_, document) => {
    expect(validate(document)).toBe(false)
    expect(validate.errors?.some(error => error.keyword === 'additionalProperties')).toBe(true)
  })
})

describe('names', () => {
  test.each(['2.0', '3', '3.x', '3.01', '4.0'])('%s is no version of it', schema_version => {
    expect(validate({ ...whole, schema_version })).toBe(false)
  })

  test('commands are keyed by dot paths, flags by long names, exits by numbers', () => {
    for (const path of ['watch stop', 'Watch', '.watch', 'watch.', '']) {
      expect(validate({ ...whole, commands: { [path]: bare } }), path).toBe(false)
    }
    const flag: FlagEntry = { type: 'boolean', required: false, description: 'x' }
    for (const name of ['--dir', 'Dir', '-', 'a--b', '']) {
      expect(validate(withCommand({ flags: { [name]: flag } })), name).toBe(false)
    }
    for (const code of ['00', '-1', 'SUCCESS', '1.5', '']) {
      expect(
        validate(withCommand({ exit_codes: { [code]: { ...success, side_effects: 'none' } } })),
        code,
      ).toBe(false)
    }
  })
})

describe('exit codes', () => {
  test('only success is complete', () => {
    accepted(withCommand({ exit_codes: { '0': success } }))
    expect(validate(withCommand({ exit_codes: { '5': success } }))).toBe(false)
    expect(validate({ ...whole, exit_codes: { '1': success } })).toBe(false)
  })

  test('the codes 79 to 125 have names, others may do without', () => {
    const nameless = { description: 'x', retryable: false, side_effects: 'none' }
    for (const code of ['79', '80', '99', '100', '119', '125']) {
      expect(validate(withCommand({ exit_codes: { [code]: nameless } })), code).toBe(false)
      accepted(withCommand({ exit_codes: { [code]: { ...nameless, name: 'OWN' } } }))
    }
    for (const code of ['2', '78', '126', '130']) accepted(withCommand({ exit_codes: { [code]: nameless } }))
  })
})

describe('flags', () => {
  test.each([
    ['an enum without its values', { type: 'enum' }],
    ['an enum of integers', { type: 'enum', enum_values: [1] }],
    ['an integer with values that are texts', { type: 'integer', enum_values: ['1'] }],
    ['values of a text', { enum_values: ['a'] }],
    ['an object without a schema', { type: 'object' }],
    ['a schema of a text', { schema: {} }],
    ['a pattern and a pattern type', { pattern: '^a$', pattern_type: 'uuid' }],
    ['a default of null', { default: null }],
    ['a short name of two characters', { short: 'ab' }],
    ['an empty short name', { short: '' }],
    ['an empty list of variables', { env_vars: [] }],
    ['media types on a command', { type: 'enum', enum_values: ['a'], media_types: { a: 'text/html' } }],
  ])('%s is refused', (_, flag) => {
    expect(validate(withFlag(flag))).toBe(false)
  })

  test.each([
    ['an object with a schema', { type: 'object', schema: {} }],
    ['a list with a schema for its items', { type: 'array', schema: {} }],
    ['a list without one', { type: 'array' }],
    ['a default of false', { type: 'boolean', default: false }],
  ])('%s is accepted', (_, flag) => {
    accepted(withFlag(flag))
  })

  test('of the global flags, --format alone has media types, of lower case and without parameters', () => {
    const flag = {
      type: 'enum',
      required: false,
      description: 'x',
      enum_values: ['html'],
      media_types: { html: 'text/html' },
    }
    accepted({ ...whole, flags: { format: flag } })
    expect(validate({ ...whole, flags: { style: flag } })).toBe(false)
    for (const type of ['HTML', 'text/HTML', 'text/html; charset=utf-8', 'text/']) {
      expect(validate({ ...whole, flags: { format: { ...flag, media_types: { html: type } } } }), type).toBe(
        false,
      )
    }
    expect(validate({ ...whole, flags: { format: { ...flag, media_types: {} } } })).toBe(false)
  })

  test('a variable that stands behind no flag is described', () => {
    expect(validate({ ...whole, env_vars: [{ name: 'MY_TOOL_DEBUG' }] })).toBe(false)
  })
})

test('a positional enum has its values, and no other text has', () => {
  const positional = { name: 'a', required: true, description: 'x' }
  accepted(withCommand({ positionals: [{ ...positional, type: 'integer', enum_values: [1] }] }))
  expect(validate(withCommand({ positionals: [{ ...positional, type: 'enum' }] }))).toBe(false)
  expect(
    validate(withCommand({ positionals: [{ ...positional, type: 'string', enum_values: ['a'] }] })),
  ).toBe(false)
  expect(validate(withCommand({ positionals: [{ ...positional, type: 'boolean' }] }))).toBe(false)
})
