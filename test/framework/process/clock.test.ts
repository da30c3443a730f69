import { expect, test } from 'vitest'
import { after, monotonicMs, pause, timestamp } from '../../../framework/process/clock.js'
import { runElsewhere } from './elsewhere.js'

const DAY_MS = 86_400_000

test('never goes back', () => {
  let last = monotonicMs()
  for (let round = 0; round < 10_000; round++) {
    const now = monotonicMs()
    expect(now).toBeGreaterThanOrEqual(last)
    last = now
  }
})

test('fires once, and never too early', async () => {
  for (const ms of [0, 1, 3, 20]) {
    const started = monotonicMs()
    let fired = 0
    await new Promise<void>(resolve =>
      after(ms, () => {
        fired++
        resolve()
      }),
    )
    expect(monotonicMs() - started).toBeGreaterThanOrEqual(ms)
    await pause(5)
    expect(fired).toBe(1)
  }
})

test('does not fire at once for a time beyond what one timer can hold', async () => {
  const fired: string[] = []
  const warnings: string[] = []
  const warned = (warning: Error) => warnings.push(warning.name)
  process.on('warning', warned)
  const cancels = [25 * DAY_MS, 365 * DAY_MS, 2 ** 31, Number.MAX_SAFE_INTEGER].map(ms =>
    after(ms, () => fired.push(`${ms}`)),
  )
  await pause(50)
  for (const cancel of cancels) cancel()
  process.off('warning', warned)
  expect(fired).toEqual([])
  // Node's word for a timer that it fires after 1 ms instead.
  expect(warnings).toEqual([])
})

test('does not fire once it was cancelled, and may be cancelled afterwards', async () => {
  let fired = false
  const cancel = after(5, () => {
    fired = true
  })
  cancel()
  await pause(20)
  expect(fired).toBe(false)
  const done = await new Promise<() => void>(resolve => {
    const late = after(1, () => resolve(late))
  })
  expect(() => done()).not.toThrow()
})

test('refuses a time that is none', () => {
  for (const ms of [Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => after(ms, () => {})).toThrow(RangeError)
})

test('keeps a process alive only where it was asked to', () => {
  const source = `
import { after } from './framework/process/clock.js'
after(${100 * DAY_MS}, () => console.log('"fired"'), { unref: true })
after(10, () => console.log('"kept alive"'))`
  expect(runElsewhere(source)).toBe('kept alive')
})

test('ends a pause as soon as it is aborted, and leaves no listener behind', async () => {
  const controller = new AbortController()
  const paused = pause(DAY_MS, controller.signal)
  controller.abort()
  await paused
  await pause(DAY_MS, controller.signal)
  const calm = new AbortController()
  for (let round = 0; round < 30; round++) await pause(0, calm.signal)
  calm.abort()
})

test('writes a moment as the standard does', () => {
  const last = Date.parse('9999-12-31T23:59:59.999Z')
  for (const ms of [0, 1, 951_782_400_000, Date.parse('0001-01-01'), last])
    expect(timestamp(new Date(ms))).toBe(new Date(ms).toISOString())
  for (let count = 0; count < 1_000; count += 1) {
    const at = new Date(Math.floor(Math.random() * last))
    expect(timestamp(at)).toBe(at.toISOString())
  }
  expect(Math.abs(Date.parse(timestamp()) - Date.now())).toBeLessThan(60_000)
})
