import { describe, expect, test } from 'vitest'
import { flagRefusals } from '../contracts.js'

const flag = (type: string, parts: object = {}) => ({ type, description: 'd', ...parts })

describe('the default', () => {
  const list = { type: 'array', items: { type: 'integer' } }
  const object = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
  const fitting: readonly (readonly [string, object, unknown])[] = [
    ['string', {}, 'text'],
    ['string', {}, ''],
    ['string', { pattern: '^[a-z]+$' }, 'abc'],
    ['string', { pattern_type: 'semver' }, '1.2.3'],
    ['string', { pattern_type: 'filepath' }, 'relative/path'],
    ['integer', {}, 0],
    ['integer', {}, -3],
    ['integer', { enum_values: [1, 2] }, 2],
    ['number', {}, 1.5],
    ['boolean', {}, true],
    ['enum', { enum_values: ['a', 'b'] }, 'b'],
    ['array', {}, ['a', 'b']],
    ['array', { schema: list }, [1, 2]],
    ['object', { schema: object }, { a: 'x' }],
  ]
  test.each(fitting)('of the type %s with %j can be %j', async (type, parts, value) => {
    expect(await flagRefusals(flag(type, { ...parts, default: value }))).toEqual([])
  })

  const misfits: readonly (readonly [string, object, unknown])[] = [
    ['string', {}, 7],
    ['string', {}, null],
    ['string', {}, 'two\nlines'],
    ['string', { pattern: '^[a-z]+$' }, 'ABC'],
    ['string', { pattern_type: 'semver' }, '1.2'],
    ['string', { pattern_type: 'alphanumeric_id' }, '../x'],
    ['integer', {}, 1.5],
    ['integer', {}, '1'],
    ['integer', {}, 2 ** 53],
    ['integer', { enum_values: [1, 2] }, 3],
    ['number', {}, '1.5'],
    ['number', {}, Number.POSITIVE_INFINITY],
    ['boolean', {}, 'true'],
    ['boolean', {}, 0],
    ['enum', { enum_values: ['a', 'b'] }, 'c'],
    ['array', {}, 'a'],
    ['array', {}, [1]],
    ['array', { schema: list }, ['1']],
    ['object', { schema: object }, {}],
    ['object', { schema: object }, ['a']],
    ['object', { schema: object }, '{"a":"x"}'],
  ]
  test.each(misfits)('of the type %s with %j cannot be %j', async (type, parts, value) => {
    expect(await flagRefusals(flag(type, { ...parts, default: value }))).toEqual([
      'DEFAULT_MISFIT flags.f.default',
    ])
  })

  test('has no place on a required flag', async () => {
    expect(await flagRefusals(flag('string', { required: true, default: 'x' }))).toEqual([
      'REQUIRED_WITH_DEFAULT flags.f.default',
    ])
  })
})
