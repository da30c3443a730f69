import { describe, expect, test } from 'vitest'
import { candidateOf, checkContracts } from '../../../framework/contract/check.js'
import type { Violation } from '../../../framework/contract/violation.js'
import { refusals, sound, stop, success, tool, violations, watcher, without } from './contracts.js'

describe('checkContracts', () => {
  test('accepts sound commands', async () => {
    expect(await violations(sound(), stop(), watcher())).toEqual([])
  })

  test.each([
    'name',
    'description',
    'danger_level',
    'required_scopes',
    'flags',
    'exit_codes',
    'output_schema',
  ])('refuses a command without %s and says what to add', async field => {
    const [violation, ...others] = await violations(without(sound(), field))
    expect(violation).toMatchObject({ code: 'FIELD_MISSING', place: field })
    expect(violation?.fix).toMatch(/^(Add|Declare) /)
    expect(others).toEqual([])
  })

  test('refuses a field that is there but null or undefined as one that is not there', async () => {
    expect(await refusals(sound({ danger_level: undefined }))).toEqual(['FIELD_MISSING danger_level'])
    expect(await refusals(sound({ danger_level: null }))).toEqual(['FIELD_VALUE danger_level'])
  })

  test('reports all violations of all commands at once, in the order of the commands', async () => {
    const found = await violations(
      sound({ name: 'first', danger_level: 'deadly', flags: { help: { type: 'string', description: 'h' } } }),
      sound({ name: 'second' }),
      watcher({ name: 'third', cleanup_command: 'nobody', max_lifetime_seconds: 0 }),
    )
    expect(found.map(({ command, code, place }) => [command, code, place])).toEqual([
      ['first', 'FLAG_RESERVED', 'flags.help'],
      ['first', 'FIELD_VALUE', 'danger_level'],
      ['third', 'MAX_LIFETIME_INVALID', 'max_lifetime_seconds'],
      ['third', 'CLEANUP_COMMAND_UNKNOWN', 'cleanup_command'],
    ])
  })

  test('names a command without a usable name by its route, else by its number', async () => {
    const commands = [
      candidateOf(sound(), false),
      candidateOf(without(sound(), 'name'), false),
      candidateOf(sound({ name: 7 }), false, 'seventh'),
    ]
    const { violations } = await checkContracts(tool, commands)
    expect(violations.map(({ command }) => command)).toEqual(['#2', 'seventh'])
  })

  test('names the nearest known field for one that it does not know', async () => {
    const [violation] = await violations(sound({ dangr_level: 'safe' }))
    expect(violation).toMatchObject({ code: 'FIELD_UNKNOWN', place: 'dangr_level' })
    expect(violation?.fix).toBe('Did you mean `danger_level`?')
    const [nested] = await violations(
      sound({ flags: { dir: { type: 'string', description: 'd', requierd: true } } }),
    )
    expect(nested).toMatchObject({ code: 'FIELD_UNKNOWN', place: 'flags.dir.requierd' })
    expect(nested?.fix).toBe('Did you mean `required`?')
  })

  test('lists the known fields where none is near', async () => {
    const [violation] = await violations(sound({ zzz: 1 }))
    expect(violation?.fix).toContain('danger_level')
  })

  test('holds the parts of a contract to its schema', async () => {
    const exit = { description: 'd', retryable: false, side_effects: 'none' }
    for (const field of Object.keys(exit)) {
      const exit_codes = { SUCCESS: success, NOT_FOUND: without(exit, field) }
      expect(await refusals(sound({ exit_codes }))).toEqual([`FIELD_MISSING exit_codes.NOT_FOUND.${field}`])
    }
    for (const type of ['boolean', 'array', 'object', 'path']) {
      const positionals = [{ name: 'a', type, description: 'd' }]
      expect(await refusals(sound({ positionals }))).toEqual(['FIELD_VALUE positionals.0.type'])
    }
  })

  test('says one thing of one place', async () => {
    const found = await violations(
      sound({
        flags: { 'Bad Name': { type: 'string', description: '' }, x: { type: 'enum', description: 'd' } },
      }),
    )
    const places = found.map(({ place }) => place)
    expect(new Set(places).size).toBe(places.length)
  })

  test('gives every violation a code, a sentence and a fix', async () => {
    const found = await violations(
      {},
      sound({ name: 'A b', aliases: ['list', 'x y'], flags: { h: { type: 'enum', short: 'h' } } }),
      watcher({ cleanup_command: 'watch', async: true, interruption: {} }),
      sound({
        name: 'gone',
        danger_level: 'destructive',
        examples: [{ description: 'd', command: 'other' }],
      }),
    )
    expect(found.length).toBeGreaterThan(15)
    for (const { code, message, fix } of found) {
      expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/)
      expect(message).toMatch(/^[A-Z`'"-].*[.]$/s)
      expect(fix).toMatch(/^[A-Z].{5,}/s)
    }
  })
})

describe('what arrives from JavaScript', () => {
  const strange: readonly unknown[] = [
    null,
    undefined,
    7,
    'list',
    [],
    [sound()],
    () => sound(),
    Symbol('list'),
    new Map(),
    new Date(0),
    10n,
    Promise.resolve(sound()),
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no keys')
        },
      },
    ),
  ]
  test.each(strange.map(value => [Object.prototype.toString.call(value), value] as const))(
    'reports %s in place of a command',
    async (_, value) => {
      const { violations } = await checkContracts(tool, [candidateOf(value, false)])
      expect(violations.map(({ code, command }) => [code, command])).toContainEqual([
        'COMMAND_NOT_AN_OBJECT',
        '#1',
      ])
      expect(violations).toHaveLength(1)
    },
  )

  const fields = Object.keys(watcher()).concat('positionals', 'examples', 'aliases', 'validate', 'platform')
  const values: readonly (readonly [string, unknown])[] = [
    ['null', null],
    ['a number', 7],
    ['NaN', Number.NaN],
    ['text', 'text'],
    ['an empty text', ''],
    ['true', true],
    ['a list of nothing known', [null, 1, [], {}]],
    ['an object of nothing known', { a: null, b: 1, c: [], d: {} }],
    ['a list', []],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['a date', new Date(0)],
    ['a regular expression', /x/],
    ['an object that holds itself', circular()],
    ['an object with a getter that throws', throwing()],
  ]
  test.each(values)('never throws, whatever field is %s', async (_, value) => {
    for (const field of fields) {
      const found = await violations(watcher({ [field]: value }), stop())
      for (const violation of found) expectWhole(violation)
    }
  })

  test.each(values)('never throws, whatever part of a part is %s', async (_, value) => {
    const flag = {
      type: 'string',
      description: 'd',
      default: 'x',
      enum_values: ['x'],
      short: 's',
      pattern: '^x$',
    }
    for (const key of [...Object.keys(flag), 'schema', 'env_vars', 'pattern_type']) {
      for (const type of ['string', 'enum', 'integer', 'array', 'object', 'boolean']) {
        await violations(sound({ flags: { f: { ...flag, type, [key]: value } } }))
      }
    }
    for (const key of ['name', 'type', 'description', 'required', 'variadic', 'enum_values']) {
      await violations(
        sound({ positionals: [{ name: 'p', type: 'string', description: 'd', [key]: value }] }),
      )
    }
    for (const key of ['description', 'retryable', 'side_effects', 'code', 'error_codes']) {
      const exit = { description: 'd', retryable: false, side_effects: 'none', code: 80, [key]: value }
      await violations(sound({ exit_codes: { SUCCESS: value, OWN: exit } }))
    }
    for (const key of [
      'type',
      'properties',
      'required',
      'items',
      '$ref',
      '$schema',
      'definitions',
      'pattern',
    ]) {
      await violations(sound({ output_schema: { type: 'object', [key]: value } }))
    }
    expect(await violations(sound())).toEqual([])
  })

  test('names the place of a getter that throws, and goes on', async () => {
    const command = sound({ flags: throwing(), max_lifetime_seconds: 5 })
    expect(await refusals(command)).toEqual([
      'BACKGROUND_FIELDS_INCOMPLETE spawns_background_process',
      'BACKGROUND_FIELDS_INCOMPLETE cleanup_command',
      'FIELD_NOT_DATA flags.trap',
    ])
  })

  test('takes `execute` for missing where reading it throws', async () => {
    const command = Object.defineProperty({ ...sound() }, 'execute', {
      enumerable: true,
      get() {
        throw new Error('no')
      },
    })
    expect(await refusals(command)).toContain('EXECUTE_MISSING execute')
  })

  test('refuses a function that is no data and accepts the two that are no part of it', async () => {
    expect(await refusals(sound({ validate: () => [] }))).toEqual([])
    expect(await refusals(sound({ description: () => 'x' }))).toEqual(['FIELD_NOT_DATA description'])
  })
})

function circular(): object {
  const value: Record<string, unknown> = { type: 'object', description: 'd' }
  value['itself'] = value
  return value
}

function throwing(): object {
  return {
    get trap() {
      throw new Error('a trap')
    },
  }
}

function expectWhole(violation: Violation): void {
  expect(Object.keys(violation).sort()).toEqual(['code', 'command', 'fix', 'message', 'place'])
}
