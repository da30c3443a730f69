import { describe, expect, test } from 'vitest'
import { refusals, sound } from '../contracts.js'

const dry_run = { 'dry-run': { type: 'boolean', description: 'Only say what would be done' } }
const output = (effect: unknown, required: unknown = ['effect']) => ({
  type: 'object',
  properties: { effect },
  required,
})
const deleted = output({ enum: ['deleted', 'noop', 'would_delete', 'would_noop'] })

describe.each(['mutating', 'destructive'])('a %s command', danger_level => {
  const answering = (output_schema: unknown) =>
    refusals(sound({ danger_level, flags: dry_run, output_schema }))

  test('says in its answer what it has done', async () => {
    expect(await answering(output({ enum: ['created', 'updated', 'deleted', 'noop'] }))).toEqual([])
    expect(await answering(output({ type: 'string', const: 'deleted' }))).toEqual([])
    expect(await answering(deleted)).toEqual([])
    const missing = ['EFFECT_MISSING output_schema.properties.effect']
    expect(await answering({ type: 'object' })).toEqual(missing)
    expect(await answering({ type: 'array' })).toEqual(missing)
    expect(await answering({ type: 'object', properties: { effect: true } })).toEqual(missing)
  })

  test('always says it', async () => {
    expect(await answering(output({ enum: ['updated'] }, []))).toEqual([
      'EFFECT_NOT_REQUIRED output_schema.required',
    ])
  })

  test('says which effects it can have', async () => {
    expect(await answering(output({ type: 'string' }))).toEqual([
      'EFFECT_VALUES_MISSING output_schema.properties.effect',
    ])
    expect(await answering(output({ enum: ['would_update'] }))).toEqual([
      'EFFECT_VALUES_MISSING output_schema.properties.effect.enum',
    ])
  })

  test.each(['sent', 'Updated', 'would_send', null, 1])('cannot have the effect %j', async value => {
    expect(await answering(output({ enum: ['updated', value] }))).toEqual([
      'EFFECT_VALUE_INVALID output_schema.properties.effect.enum',
    ])
  })
})

test('a safe command needs none', async () => {
  expect(await refusals(sound())).toEqual([])
})
