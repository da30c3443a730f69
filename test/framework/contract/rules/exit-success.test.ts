import { expect, test } from 'vitest'
import { refusals, sound } from '../contracts.js'

const failure = { description: 'It failed', retryable: false, side_effects: 'none' }
const exits = (exit_codes: unknown) => refusals(sound({ exit_codes }))

test('exit code 0 must be declared', async () => {
  expect(await exits({})).toEqual(['EXIT_SUCCESS_MISSING exit_codes.SUCCESS'])
  expect(await exits({ NOT_FOUND: failure })).toEqual(['EXIT_SUCCESS_MISSING exit_codes.SUCCESS'])
})
