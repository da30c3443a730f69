import { describe, expect, test } from 'vitest'
import { refusals, sound, stop, watcher } from '../contracts.js'

const fields = {
  spawns_background_process: true,
  cleanup_command: 'stop',
  max_lifetime_seconds: 60,
} as const
const names = ['spawns_background_process', 'cleanup_command', 'max_lifetime_seconds'] as const

describe('the three fields of a background command', () => {
  const combinations = Array.from({ length: 8 }, (_, bits) => names.filter((_, index) => bits & (1 << index)))
  test.each(combinations.map(declared => [declared.join(' + ') || 'nothing', declared] as const))(
    'with %s: all or none',
    async (_, declared) => {
      const parts = Object.fromEntries(declared.map(name => [name, fields[name]]))
      const missing = names.filter(name => !declared.includes(name))
      const expected =
        declared.length === 0 ? [] : missing.map(name => `BACKGROUND_FIELDS_INCOMPLETE ${name}`)
      expect(await refusals(sound({ name: 'watch', ...parts }), stop())).toEqual(expected)
    },
  )

  test('a command may say that it leaves no process, and then has none of the others', async () => {
    expect(await refusals(sound({ spawns_background_process: false }))).toEqual([])
    expect(await refusals(watcher({ spawns_background_process: false }), stop())).toEqual([
      'BACKGROUND_FIELDS_INCOMPLETE spawns_background_process',
    ])
  })
})

describe('max_lifetime_seconds', () => {
  test.each([1, 2, 3600, 31_536_000])('%s is a lifetime', async max_lifetime_seconds => {
    expect(await refusals(watcher({ max_lifetime_seconds }), stop())).toEqual([])
  })

  test.each([
    '60',
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    31_536_001,
    null,
    true,
    [60],
    { seconds: 60 },
  ])('%j is no lifetime', async max_lifetime_seconds => {
    expect(await refusals(watcher({ max_lifetime_seconds }), stop())).toEqual([
      'MAX_LIFETIME_INVALID max_lifetime_seconds',
    ])
  })
})

test.each([
  ['interruption', { detach: true, resume: false }],
  ['async', true],
  ['stdout', 'protocol'],
  ['protocol', 'mcp-stdio'],
])('a background command cannot have %s too', async (field, value) => {
  expect(await refusals(watcher({ [field]: value }), stop())).toEqual([`LIFECYCLE_CONFLICT ${field}`])
})

describe('the output of a background command', () => {
  test.each(['background_pid', 'cleanup_command', 'pid_file', 'run_id', 'session_id', 'log_path'])(
    'cannot declare %s, which the framework adds; that of another command can',
    async field => {
      const output_schema = { type: 'object', properties: { [field]: { type: 'string' } } }
      expect(await refusals(watcher({ output_schema }), stop())).toEqual([
        `OUTPUT_FIELD_RESERVED output_schema.properties.${field}`,
      ])
      expect(await refusals(sound({ output_schema }))).toEqual([])
    },
  )

  test('is an object', async () => {
    const output_schema = { type: 'array', items: { type: 'string' } }
    expect(await refusals(watcher({ output_schema }), stop())).toEqual([
      'OUTPUT_NO_OBJECT output_schema.type',
    ])
  })
})
