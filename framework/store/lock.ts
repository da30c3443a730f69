/**
 * Advisory locks over proper-lockfile, which is loaded where one is taken: loading it installs handlers for exit and
 * signals. A stale lock can be taken by two at once, so nothing may depend on a lock for its correctness.
 */
import { monotonicMs, pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'

/** A holder that has not renewed its lock for so long counts as dead, in ms. */
export const LOCK_STALE_MS = 10_000
/** Between two tries, in ms; half as much again at random, so that waiters do not march in step. */
const RETRY_MS = 20

export type LockResult<T> = { readonly held: true; readonly value: T } | { readonly held: false }

/**
 * Runs `fn` while holding the lock `<path>.lock`; the directory of `path` must be there.
 * A lock that another process takes from us meanwhile (we were stopped for 10 s) does not interrupt `fn`.
 * @param wait_ms how long to try; `held: false` and no call of `fn` where that was not enough
 * @throws NodeJS.ErrnoException where no lock can be made, such as ENOENT, ENOSPC; and whatever `fn` throws
 */
export async function withLock<T>(
  path: string,
  wait_ms: number,
  fn: () => T | Promise<T>,
): Promise<LockResult<T>> {
  const release = await acquire(path, wait_ms)
  if (!release) return { held: false }
  try {
    return { held: true, value: await fn() }
  } finally {
    await release().catch(() => {
      // It was taken from us; then it is not ours to remove.
    })
  }
}

async function acquire(path: string, wait_ms: number): Promise<(() => Promise<void>) | null> {
  const { lock } = await import('proper-lockfile')
  const deadline = monotonicMs() + wait_ms
  for (;;) {
    try {
      return await lock(path, { stale: LOCK_STALE_MS, realpath: false, onCompromised: () => {} })
    } catch (error) {
      if (errnoOf(error) !== 'ELOCKED') throw error
    }
    const left = deadline - monotonicMs()
    if (left <= 0) return null
    await pause(Math.min(left, RETRY_MS * (1 + Math.random() / 2)))
  }
}
