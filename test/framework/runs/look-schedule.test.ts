import { expect, test } from 'vitest'
import { nextLookMs } from '../../../framework/runs/look-schedule.js'

const steps = (cost_ms: number, is_awaited = false): number[] =>
  Array.from({ length: 10 }, (_, step) => nextLookMs(step, cost_ms, is_awaited))

test('looks thin out from the first moments on', () => {
  expect(steps(1)).toEqual([25, 50, 100, 200, 400, 800, 1_600, 3_200, 3_200, 3_200])
})

test('dear looks become rarer, so that they take a thousandth of the time, but never rarer than half a minute', () => {
  expect(steps(10).slice(7)).toEqual([10_000, 10_000, 10_000])
  expect(steps(500).slice(7)).toEqual([30_000, 30_000, 30_000])
  expect(steps(500).slice(0, 7)).toEqual(steps(0).slice(0, 7))
})

test('where somebody waits for the end, the cost does not matter', () => {
  expect(steps(500, true).slice(7)).toEqual([3_200, 3_200, 3_200])
})
