/** Monotonic time and timers of any length: a change of the wall clock must not end a run, or keep one. */
import type { Abortable } from './abort-on-demand.js'

/** setTimeout fires at once for anything longer (Node's limit, 24.8 days). */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Milliseconds since some point in the past, with fractions; never goes back (clock_gettime(2), CLOCK_MONOTONIC). */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

/**
 * A moment of the years 0 to 9999 as `Date.prototype.toISOString` writes it (RFC 3339); the first call of that takes
 * 0.2 ms (measured on Node 20), a fiftieth of all that a plain call adds to Node.
 * @param at left out: now
 */
export function timestamp(at = new Date()): string {
  const digits = (value: number, length = 2): string => String(value).padStart(length, '0')
  const date = `${digits(at.getUTCFullYear(), 4)}-${digits(at.getUTCMonth() + 1)}-${digits(at.getUTCDate())}`
  const time = `${digits(at.getUTCHours())}:${digits(at.getUTCMinutes())}:${digits(at.getUTCSeconds())}`
  return `${date}T${time}.${digits(at.getUTCMilliseconds(), 3)}Z`
}

/**
 * Calls `fn` once, never before `ms` milliseconds have passed.
 * @param options `unref`: the timer does not keep the process alive
 * @returns cancels it; harmless after it fired
 * @throws RangeError where `ms` is no finite number
 */
export function after(ms: number, fn: () => void, options: { readonly unref?: boolean } = {}): () => void {
  if (!Number.isFinite(ms)) throw new RangeError(`a timer needs a finite number of milliseconds, not ${ms}`)
  const deadline = monotonicMs() + ms
  let timer: NodeJS.Timeout | null = null
  const wait = (): void => {
    const left = deadline - monotonicMs()
    timer = setTimeout(next, Math.min(Math.max(0, Math.ceil(left)), LONGEST_TIMER_MS))
    if (options.unref) timer.unref()
  }
  const next = (): void => {
    if (monotonicMs() < deadline) wait()
    else fn()
  }
  wait()
  return () => {
    if (timer) clearTimeout(timer)
  }
}

/**
 * Calls `fn` after `ms` milliseconds, and not before what had come in by then was heard: in a process that had no core
 * for so long its timers may fire before it looks (measured on Node 20: a refused connection timed out).
 * @param ms no more than a timer takes
 * @returns cancels it; harmless after it fired
 */
export function afterHearing(ms: number, fn: () => void): () => void {
  let hearing: NodeJS.Immediate | undefined
  const timer = setTimeout(() => {
    hearing = setImmediate(fn)
  }, ms)
  return () => {
    clearTimeout(timer)
    clearImmediate(hearing)
  }
}

/** Resolves after `ms` milliseconds, or as soon as `signal` aborts. Keeps the process alive meanwhile. */
export function pause(ms: number, signal?: Abortable): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = after(ms, done)
    signal?.addEventListener('abort', done)
  })
}
