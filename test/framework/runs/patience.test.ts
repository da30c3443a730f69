import { expect, test } from 'vitest'
import { monotonicMs } from '../../../framework/process/clock.js'
import { Patience } from '../../../framework/runs/patience.js'

const PATIENCE_MS = 100

const block = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

test('patience ends after the time that it was given, where one asks often', () => {
  const patience = new Patience(PATIENCE_MS)
  const started = monotonicMs()
  while (!patience.isOver()) block(5)
  expect(monotonicMs() - started).toBeGreaterThanOrEqual(PATIENCE_MS)
})

test('time in which the waiting process itself did not run takes none of it', () => {
  const patience = new Patience(PATIENCE_MS)
  block(5 * PATIENCE_MS)
  expect(patience.isOver()).toBe(false)
  block(5 * PATIENCE_MS)
  expect(patience.isOver()).toBe(false)
})
