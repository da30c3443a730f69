import { expect, test } from 'vitest'
import { flagRefusals } from '../contracts.js'

const flag = (type: string, schema?: unknown) => ({ type, description: 'd', ...(schema ? { schema } : {}) })

test('an object has a schema, an array may', async () => {
  expect(await flagRefusals(flag('object'))).toEqual(['FLAG_SCHEMA_MISSING flags.f.schema'])
  expect(await flagRefusals(flag('object', { type: 'object' }))).toEqual([])
  expect(await flagRefusals(flag('array'))).toEqual([])
  expect(await flagRefusals(flag('array', { type: 'array', items: { type: 'string' } }))).toEqual([])
})

test.each(['string', 'integer', 'boolean', 'number'])('the type %s has none', async type => {
  expect(await flagRefusals(flag(type, { type: 'object' }))).toEqual(['FLAG_SCHEMA_MISPLACED flags.f.schema'])
})

test('it describes the whole value', async () => {
  expect(await flagRefusals(flag('array', { type: 'string' }))).toEqual([
    'FLAG_SCHEMA_TYPE flags.f.schema.type',
  ])
})

test('it is a valid draft-07 schema', async () => {
  expect(await flagRefusals(flag('object', { type: 'object', required: 'a' }))).toEqual([
    'FLAG_SCHEMA_INVALID flags.f.schema.required',
  ])
  expect(await flagRefusals(flag('object', { type: 'object', $ref: 'https://example.com/x.json' }))).toEqual([
    'FLAG_SCHEMA_INVALID flags.f.schema',
  ])
})
