import { expect, test } from 'vitest'
import { refusals, sound, success } from '../contracts.js'

const failure = { description: 'It failed', retryable: false, side_effects: 'none' }
const own = { ...failure, code: 80 }
const exits = (exit_codes: unknown) => refusals(sound({ exit_codes }))

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
