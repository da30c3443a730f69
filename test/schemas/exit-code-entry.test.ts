/** What a command can say about one of its exits. */
import { expect, test } from 'vitest'
import type { ExitCodeEntry } from '../../schemas/generated/types.js'
import validate from '../../schemas/generated/validate-exit-code-entry.js'
import { damages } from './damage.js'

const entry = {
  name: 'DEPLOY_BLOCKED',
  description: 'A freeze is in force',
  retryable: false,
  side_effects: 'none',
  error_codes: ['FREEZE_IN_FORCE'],
} as const satisfies ExitCodeEntry

test('a whole entry is accepted, and one with only what is required', () => {
  expect(validate(entry)).toBe(true)
  expect(validate({ description: 'Done', retryable: false, side_effects: 'complete' })).toBe(true)
  expect(validate({ ...entry, error_codes: [] })).toBe(true)
})

test('only the name and the error codes may be missing', () => {
  const accepted = [...damages(entry)].filter(damaged => validate(damaged.document))
  expect(accepted.map(damaged => damaged.what)).toEqual(['/name missing', '/error_codes missing'])
})

test('what may be repeated as it is has changed nothing', () => {
  expect(validate({ ...entry, retryable: true })).toBe(true)
  expect(validate({ ...entry, retryable: true, side_effects: 'partial' })).toBe(false)
  expect(validate({ ...entry, retryable: true, side_effects: 'complete' })).toBe(false)
})

test('a description has 1 to 120 characters, counted as people count', () => {
  expect(validate({ ...entry, description: '' })).toBe(false)
  expect(validate({ ...entry, description: '🛑'.repeat(120) })).toBe(true)
  expect(validate({ ...entry, description: 'x'.repeat(121) })).toBe(false)
})

test('error codes are upper case and none is said twice', () => {
  expect(validate({ ...entry, error_codes: ['freeze'] })).toBe(false)
  expect(validate({ ...entry, error_codes: ['A_B', 'A_B'] })).toBe(false)
})
