import { expect, test } from 'vitest'
import { refusals, sound } from '../contracts.js'

const positional = (name: string, parts: object = {}) => ({
  name,
  type: 'string',
  description: 'd',
  ...parts,
})
const listed = (...positionals: unknown[]) => refusals(sound({ positionals }))

test('required ones first, then optional ones, then one that takes the rest', async () => {
  const rest = positional('rest', { variadic: true })
  expect(await listed(positional('a', { required: true }), positional('b'), rest)).toEqual([])
  expect(await listed(positional('a', { required: true, variadic: true }))).toEqual([])
})

test('none that is required follows one that is not', async () => {
  expect(await listed(positional('a'), positional('b', { required: true }))).toEqual([
    'POSITIONAL_REQUIRED_AFTER_OPTIONAL positionals.1.required',
  ])
})

test('nothing follows one that takes the rest', async () => {
  expect(await listed(positional('a', { variadic: true }), positional('b'))).toEqual([
    'POSITIONAL_VARIADIC_NOT_LAST positionals.0.variadic',
  ])
})
