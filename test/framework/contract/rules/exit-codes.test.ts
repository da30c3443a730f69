import { expect, test } from 'vitest'
import { refusals, sound, success, violations } from '../contracts.js'

const failure = { description: 'It failed', retryable: false, side_effects: 'none' }
const own = { ...failure, code: 80 }

const exits = (exit_codes: unknown) => refusals(sound({ exit_codes }))

test('standard names without a number and own names with one are accepted', async () => {
  const entries = { SUCCESS: success, NOT_FOUND: failure, RATE_LIMITED: { ...failure, retryable: true } }
  expect(
    await exits({ ...entries, OWN: own, OTHER: { ...own, code: 125 }, FIRST: { ...own, code: 79 } }),
  ).toEqual([])
  expect(await exits({ SUCCESS: { ...success, side_effects: 'none', code: 0 } })).toEqual([])
})

test('exit code 0 must be declared', async () => {
  expect(await exits({})).toEqual(['EXIT_SUCCESS_MISSING exit_codes.SUCCESS'])
  expect(await exits({ NOT_FOUND: failure })).toEqual(['EXIT_SUCCESS_MISSING exit_codes.SUCCESS'])
})

test.each([0, 1, 5, 14, 15, 63, 64, 78, 126, 127, 128, 130, 143, 255, 256, -1, 79.5, '80', null, Number.NaN])(
  'an own name cannot have the number %s',
  async code => {
    const [first] = await exits({ SUCCESS: success, OWN: { ...failure, code } })
    expect(first).toBe('EXIT_CODE_OUT_OF_RANGE exit_codes.OWN.code')
  },
)

test('an own number that is a standard one is answered with its standard name', async () => {
  const [violation] = await violations(
    sound({ exit_codes: { SUCCESS: success, MISSING: { ...failure, code: 5 } } }),
  )
  expect(violation?.fix).toContain('NOT_FOUND')
})

test('an own name without a number is refused', async () => {
  expect(await exits({ SUCCESS: success, OWN: failure })).toEqual(['EXIT_CODE_MISSING exit_codes.OWN.code'])
})

test('a standard name cannot have another number', async () => {
  expect(await exits({ SUCCESS: success, NOT_FOUND: { ...failure, code: 80 } })).toEqual([
    'EXIT_CODE_FIXED exit_codes.NOT_FOUND.code',
  ])
})

test('two own names cannot share a number', async () => {
  expect(await exits({ SUCCESS: success, OWN: own, OTHER: own })).toEqual([
    'EXIT_CODE_DUPLICATE exit_codes.OTHER.code',
  ])
})

test.each(['own', '80', 'Not_Found', 'A__B', '_A', 'A-B', '__proto__'])('%j is no exit name', async name => {
  const exit_codes = Object.fromEntries([
    ['SUCCESS', success],
    [name, own],
  ])
  expect(await exits(exit_codes)).toEqual([`EXIT_NAME_MALFORMED exit_codes.${name}`])
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s belongs to the framework', async name => {
  expect(await exits({ SUCCESS: success, [name]: own })).toEqual([`EXIT_NAME_RESERVED exit_codes.${name}`])
})

test('only what has changed nothing is retryable', async () => {
  for (const side_effects of ['partial', 'complete']) {
    const [first] = await exits({ SUCCESS: success, OWN: { ...own, retryable: true, side_effects } })
    expect(first).toMatch(/^EXIT_(RETRYABLE_WITH_SIDE_EFFECTS|COMPLETE_WITHOUT_SUCCESS) /)
  }
  expect(await exits({ SUCCESS: { ...success, retryable: true } })).toEqual([
    'EXIT_SUCCESS_RETRYABLE exit_codes.SUCCESS.retryable',
  ])
})

test('only success is complete, and never partial', async () => {
  expect(await exits({ SUCCESS: success, OWN: { ...own, side_effects: 'complete' } })).toEqual([
    'EXIT_COMPLETE_WITHOUT_SUCCESS exit_codes.OWN.side_effects',
  ])
  expect(await exits({ SUCCESS: { ...success, side_effects: 'partial' } })).toEqual([
    'EXIT_SUCCESS_PARTIAL exit_codes.SUCCESS.side_effects',
  ])
})

test('ARG_ERROR and PARTIAL_FAILURE keep their meaning', async () => {
  const exit_codes = {
    SUCCESS: success,
    ARG_ERROR: { ...failure, side_effects: 'partial' },
    PARTIAL_FAILURE: { ...failure, retryable: true },
  }
  expect(await exits(exit_codes)).toEqual([
    'EXIT_ARG_ERROR_FIXED exit_codes.ARG_ERROR.side_effects',
    'EXIT_PARTIAL_FAILURE_FIXED exit_codes.PARTIAL_FAILURE.retryable',
  ])
})

test('a description has 1 to 120 characters, counted as people count', async () => {
  expect(await exits({ SUCCESS: { ...success, description: '🙂'.repeat(120) } })).toEqual([])
  for (const description of ['x'.repeat(121), '', '  ']) {
    expect(await exits({ SUCCESS: { ...success, description } })).toEqual([
      'EXIT_DESCRIPTION_LENGTH exit_codes.SUCCESS.description',
    ])
  }
})

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

test.each(['description', 'retryable', 'side_effects'])('an entry without %s is refused', async field => {
  const entry = Object.fromEntries(Object.entries(failure).filter(([name]) => name !== field))
  expect(await exits({ SUCCESS: success, NOT_FOUND: entry })).toEqual([
    `FIELD_MISSING exit_codes.NOT_FOUND.${field}`,
  ])
})
