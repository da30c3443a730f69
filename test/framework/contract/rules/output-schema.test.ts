import { describe, expect, test } from 'vitest'
import { refusals, sound } from '../contracts.js'

const answering = (output_schema: unknown) => refusals(sound({ output_schema }))

describe('the output schema', () => {
  test.each([
    { type: 'object' },
    { type: 'array', items: { type: 'string' } },
    { type: ['object', 'null'], properties: {} },
    { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    {
      type: 'object',
      properties: { a: { $ref: '#/definitions/a' } },
      definitions: { a: { type: 'string' } },
    },
    { $schema: 'http://json-schema.org/draft-07/schema#', $id: 'list.json', type: 'object' },
  ])('can be %j', async schema => {
    expect(await answering(schema)).toEqual([])
  })

  test.each([
    {},
    { type: 'string' },
    { type: 'null' },
    { type: ['object', 'string'] },
    { oneOf: [{ type: 'object' }] },
  ])('describes an object or a list, not %j', async schema => {
    expect(await answering(schema)).toEqual(['OUTPUT_SCHEMA_ROOT output_schema.type'])
  })

  test.each([
    ['output_schema.type', { type: 'objekt' }],
    ['output_schema.properties.a.type', { type: 'object', properties: { a: { type: 'text' } } }],
    ['output_schema.required', { type: 'object', required: 'a' }],
    ['output_schema', { type: 'object', properties: { a: { pattern: '(' } } }],
    ['output_schema.properties.a.minLength', { type: 'object', properties: { a: { minLength: -1 } } }],
    ['output_schema', { type: 'object', properties: { a: { $ref: '#/definitions/gone' } } }],
    ['output_schema', { type: 'object', properties: { a: { $ref: 'https://example.com/a.json' } } }],
    ['output_schema.$schema', { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' }],
    ['output_schema.$async', { $async: true, type: 'object' }],
  ])('is a sound draft-07 schema: %s', async (place, schema) => {
    expect(await answering(schema)).toEqual([`OUTPUT_SCHEMA_INVALID ${place}`])
  })

  test('may share its $id with that of another command, references and all', async () => {
    const schema = (type: string) => ({
      $id: 'same.json',
      type: 'object',
      properties: { a: { $ref: '#/definitions/a' }, b: { $ref: 'same.json#/definitions/a' } },
      definitions: { a: { type, default: 1 } },
    })
    const flags = {
      f: { type: 'object', description: 'd', schema: schema('integer'), default: { a: 1, b: 1 } },
    }
    const other = { f: { ...flags.f, schema: schema('string'), default: { a: 'x', b: 'x' } } }
    const first = sound({ output_schema: schema('string'), flags })
    const second = sound({ name: 'b', output_schema: schema('integer'), flags: other })
    expect(await refusals(first, second)).toEqual([])
  })
})
