/** Keeps long work from holding the process: between its slices signals and events are heard. */
import { setImmediate as breathe } from 'node:timers/promises'

const SLICE_MS = 15

/** Work was given up because its time was over. */
export class OutOfTime extends Error {}

export class Slices {
  /** When work is given up, on the clock of `performance.now()`. */
  deadline = Number.POSITIVE_INFINITY
  #started = performance.now()

  /** Whether the current slice is over; then `rest` is to be awaited. */
  over(): boolean {
    return performance.now() - this.#started > SLICE_MS
  }

  /** Lets everything else run, then begins the next slice. Throws OutOfTime after the deadline. */
  async rest(): Promise<void> {
    await breathe()
    this.#started = performance.now()
    if (this.#started > this.deadline) throw new OutOfTime()
  }
}
