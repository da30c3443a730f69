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

test('its name is its own', async () => {
  expect(await listed(positional('a'), positional('a'))).toEqual(['POSITIONAL_NAME_TAKEN positionals.1.name'])
  const flags = { dir: { type: 'string', description: 'd' } }
  expect(await refusals(sound({ flags, positionals: [positional('dir')] }))).toEqual([
    'POSITIONAL_NAME_TAKEN positionals.0.name',
  ])
})

test.each(['', 'Dir', '<dir>', 'a b', '-', '...'])('its name cannot be %j', async name => {
  expect(await listed(positional(name))).toEqual(['POSITIONAL_NAME_MALFORMED positionals.0.name'])
})

test('an enum lists its values, all of them text; no other type does', async () => {
  expect(await listed(positional('a', { type: 'enum', enum_values: ['x'] }))).toEqual([])
  expect(await listed(positional('a', { type: 'enum' }))).toEqual([
    'ENUM_VALUES_MISSING positionals.0.enum_values',
  ])
  expect(await listed(positional('a', { type: 'enum', enum_values: [1] }))).toEqual([
    'ENUM_VALUE_MISFIT positionals.0.enum_values.0',
  ])
  expect(await listed(positional('a', { type: 'integer', enum_values: ['1'] }))).toEqual([
    'ENUM_VALUES_MISPLACED positionals.0.enum_values',
  ])
})

test.each(['boolean', 'array', 'object', 'path'])('it cannot be of the type %s', async type => {
  expect(await listed(positional('a', { type }))).toEqual(['FIELD_VALUE positionals.0.type'])
})
