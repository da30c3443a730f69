/** The threads that asynchronous work on files needs, at the end of a run too. */
import { stat } from 'node:fs'

/**
 * Starts them while there is nothing to lose. libuv does so with the first work that there is, and aborts the process
 * where the system gives no more threads by then.
 */
export function startThreadPool(): void {
  stat('/', () => {})
}
