import { expect, test } from 'vitest'
import { nextLookMs } from '../../../framework/runs/look-schedule.js'

const steps = (cost_ms: number, is_awaited = false): number[] =>
  Array.from({ length: 10 }, (_, step) => nextLookMs(step, cost_ms, is_awaited))

test('looks thin out from the first moments on', () => {
  expect(steps(1)).toEqual([25, 50, 100, 200, 400, 800, 1_600, 3_200, 3_200, 3_200])
})

test('dear looks take a twentieth of the first seconds and a thousandth of the rest, but are never rarer than half a minute', () => {
  expect(steps(10)).toEqual([200, 200, 200, 200, 400, 800, 1_600, 10_000, 10_000, 10_000])
  expect(steps(500)).toEqual([...Array(7).fill(3_200), 30_000, 30_000, 30_000])
})

test('where somebody waits for the end, the cost does not matter', () => {
  expect(steps(500, true).slice(7)).toEqual([3_200, 3_200, 3_200])
})
