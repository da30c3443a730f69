import { expect, test } from 'vitest'
import { refusals, sound, success } from '../contracts.js'

const own = { description: 'It failed', retryable: false, side_effects: 'none', code: 80 }
const exits = (exit_codes: unknown) => refusals(sound({ exit_codes }))

test('error codes are UPPER_SNAKE and listed once', async () => {
  const listed = (error_codes: unknown) => exits({ SUCCESS: success, OWN: { ...own, error_codes } })
  expect(await listed([])).toEqual([])
  expect(await listed(['FILE_GONE', 'A1'])).toEqual([])
  expect(await listed(['FILE_GONE', 'file', 'A'])).toEqual([
    'EXIT_ERROR_CODE_INVALID exit_codes.OWN.error_codes.1',
    'EXIT_ERROR_CODE_INVALID exit_codes.OWN.error_codes.2',
  ])
  expect(await listed(['TWICE', 'TWICE'])).toEqual(['EXIT_ERROR_CODE_INVALID exit_codes.OWN.error_codes.1'])
})
