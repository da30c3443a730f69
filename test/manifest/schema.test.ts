/** One command's contract, and the schema of its answer. */
import { expect, test } from 'vitest'
import { manifestResponse } from '../../manifest/response.js'
import { commandSchema, outputSchema } from '../../manifest/schema.js'
import { registry } from './registry.js'

const all = registry()

test("it is the manifest's entry, with every exit code and what the manifest has no key for", () => {
  const schema = commandSchema(all, 'deploy')
  const entry = manifestResponse(all).commands['deploy']
  expect(schema).toMatchObject({
    ...entry,
    command: 'deploy',
    parameters: entry?.flags,
    schema_version: '2.1',
    timeout_seconds: 30,
    requires_confirmation: true,
  })
  expect(Object.keys(schema.exit_codes)).toEqual(['0', '1', '2', '4', '6', '10', '80', '129', '130', '143'])
  expect(schema.exit_codes['0']?.description).toBe('Deployed')
})

test('a plain command says no more than it must', () => {
  const schema = commandSchema(all, 'session list')
  expect(schema).toMatchObject({ command: 'session.list', positionals: [], schema_version: '1.0' })
  expect(schema).not.toHaveProperty('requires_confirmation')
  expect(schema).not.toHaveProperty('timeout_seconds')
})

test("the output schema is the declared one, a background command's with the framework's fields", () => {
  expect(outputSchema(all, 'deploy')).toEqual(manifestResponse(all).commands['deploy']?.output_schema)
  expect(outputSchema(all, 'watch').required).toContain('background_pid')
})

test('a path that is not registered is a bug of the caller', () => {
  expect(() => commandSchema(all, 'nope')).toThrow(RangeError)
  expect(() => outputSchema(all, 'session')).toThrow(RangeError)
})
