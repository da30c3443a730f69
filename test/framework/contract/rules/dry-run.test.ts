import { describe, expect, test } from 'vitest'
import { refusals, sound } from '../contracts.js'

const dry_run = { 'dry-run': { type: 'boolean', description: 'Only say what would be done' } }
const output_schema = {
  type: 'object',
  properties: { effect: { enum: ['deleted', 'noop', 'would_delete', 'would_noop'] } },
  required: ['effect'],
}

describe('a destructive command', () => {
  const destructive = (parts: object) =>
    refusals(sound({ danger_level: 'destructive', output_schema, ...parts }))

  test('can be asked what it would do', async () => {
    expect(await destructive({ flags: dry_run })).toEqual([])
    expect(await destructive({})).toEqual(['DRY_RUN_MISSING flags.dry-run'])
  })

  test('takes --dry-run without a value', async () => {
    expect(await destructive({ flags: { 'dry-run': { type: 'string', description: 'd' } } })).toEqual([
      'DRY_RUN_NOT_BOOLEAN flags.dry-run.type',
    ])
  })

  test('cannot declare --confirm-destructive, which it has', async () => {
    const flags = { ...dry_run, 'confirm-destructive': { type: 'boolean', description: 'd' } }
    expect(await destructive({ flags })).toEqual(['FLAG_RESERVED flags.confirm-destructive'])
  })
})

test('a safe command needs none', async () => {
  expect(await refusals(sound())).toEqual([])
})
