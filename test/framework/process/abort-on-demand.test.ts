/** What aborts on demand tells those who listen to it as an AbortSignal does, and makes one for those who want one. */
import { getEventListeners } from 'node:events'
import { expect, test, vi } from 'vitest'
import { AbortOnDemand } from '../../../framework/process/abort-on-demand.js'
import { pause } from '../../../framework/process/clock.js'

const LONG_MS = 600_000

test('who listens is told once, who has left is not, and who listens twice is told once', () => {
  const abort = new AbortOnDemand()
  const told = vi.fn()
  const left = vi.fn()
  abort.addEventListener('abort', told)
  abort.addEventListener('abort', told)
  abort.addEventListener('abort', left)
  abort.removeEventListener('abort', left)
  expect(abort.aborted).toBe(false)
  abort.abort()
  abort.abort()
  expect(abort.aborted).toBe(true)
  expect(told).toHaveBeenCalledTimes(1)
  expect(left).not.toHaveBeenCalled()
})

test('a pause ends with it, whether it aborts before or meanwhile', async () => {
  const abort = new AbortOnDemand()
  const waiting = pause(LONG_MS, abort)
  abort.abort()
  await waiting
  await pause(LONG_MS, abort)
})

test('its signal is the same each time, aborts with it, and has aborted where it had', () => {
  const abort = new AbortOnDemand()
  const { signal } = abort
  expect(abort.signal).toBe(signal)
  expect(getEventListeners(signal, 'abort')).toEqual([])
  abort.abort()
  expect(signal.aborted).toBe(true)
  const before = new AbortOnDemand()
  before.abort()
  expect(before.signal.aborted).toBe(true)
})
