import { describe, expect, test } from 'vitest'
import { flagRefusals, refusals, sound } from '../contracts.js'

const flag = (type: string, parts: object = {}) => ({ type, description: 'd', ...parts })

describe('the values of an enum', () => {
  test('are listed', async () => {
    expect(await flagRefusals(flag('enum', { enum_values: ['a', 'b'] }))).toEqual([])
    expect(await flagRefusals(flag('enum'))).toEqual(['ENUM_VALUES_MISSING flags.f.enum_values'])
    expect(await flagRefusals(flag('enum', { enum_values: [] }))).toEqual([
      'ENUM_VALUES_MISSING flags.f.enum_values',
    ])
  })

  test('are text, or integers of an integer', async () => {
    expect(await flagRefusals(flag('integer', { enum_values: [1, 2] }))).toEqual([])
    expect(await flagRefusals(flag('enum', { enum_values: ['a', 1] }))).toEqual([
      'ENUM_VALUE_MISFIT flags.f.enum_values.1',
    ])
    expect(await flagRefusals(flag('enum', { enum_values: [''] }))).toEqual([
      'ENUM_VALUE_MISFIT flags.f.enum_values.0',
    ])
    for (const value of ['1', 1.5, 2 ** 53]) {
      expect(await flagRefusals(flag('integer', { enum_values: [value] }))).toEqual([
        'ENUM_VALUE_MISFIT flags.f.enum_values.0',
      ])
    }
  })

  test('are all different', async () => {
    expect(await flagRefusals(flag('enum', { enum_values: ['a', 'a'] }))).toEqual([
      'FIELD_VALUE flags.f.enum_values',
    ])
  })

  test.each(['string', 'number', 'boolean', 'array'])('do not belong to the type %s', async type => {
    expect(await flagRefusals(flag(type, { enum_values: ['a'] }))).toEqual([
      'ENUM_VALUES_MISPLACED flags.f.enum_values',
    ])
  })
})

test('a positional enum lists its values, all of them text; no other type of positional does', async () => {
  const listed = (parts: object) =>
    refusals(sound({ positionals: [{ name: 'a', description: 'd', ...parts }] }))
  expect(await listed({ type: 'enum', enum_values: ['x'] })).toEqual([])
  expect(await listed({ type: 'enum' })).toEqual(['ENUM_VALUES_MISSING positionals.0.enum_values'])
  expect(await listed({ type: 'enum', enum_values: [1] })).toEqual([
    'ENUM_VALUE_MISFIT positionals.0.enum_values.0',
  ])
  expect(await listed({ type: 'integer', enum_values: ['1'] })).toEqual([
    'ENUM_VALUES_MISPLACED positionals.0.enum_values',
  ])
})
