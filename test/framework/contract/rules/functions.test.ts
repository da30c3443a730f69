import { expect, test } from 'vitest'
import { refusals, sound, without } from '../contracts.js'

test('a command without the function execute is refused', async () => {
  expect(await refusals(without(sound(), 'execute'))).toEqual(['EXECUTE_MISSING execute'])
  expect(await refusals(sound({ execute: 'rm -rf' }))).toEqual(['EXECUTE_MISSING execute'])
})

test('validate may be left out, and is refused where it is no function', async () => {
  expect(await refusals(sound({ validate: () => [] }))).toEqual([])
  expect(await refusals(sound({ validate: true }))).toEqual(['VALIDATE_NO_FUNCTION validate'])
})
