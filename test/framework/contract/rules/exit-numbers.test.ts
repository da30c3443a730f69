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
