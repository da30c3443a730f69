/** How long somebody else is waited for before his silence says something about him. */
import { monotonicMs } from '../process/clock.js'

/** Of a single pause no more than this counts, in ms: twice the pause between two questions. */
const COUNTED_MS = 20

/**
 * Counts the time in which we ourselves got to run. Where the machine is so busy that we wake late, or we were stopped,
 * so may he have been: then his silence means nothing.
 */
export class Patience {
  #left_ms: number
  #asked = monotonicMs()

  constructor(ms: number) {
    this.#left_ms = ms
  }

  /** To be asked again after every short pause. */
  isOver(): boolean {
    const now = monotonicMs()
    this.#left_ms -= Math.min(now - this.#asked, COUNTED_MS)
    this.#asked = now
    return this.#left_ms <= 0
  }
}
