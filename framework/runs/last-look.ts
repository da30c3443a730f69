/** A tracking method that keeps what it saw last: who has just seen a tree end need not look once more to report it. */
import type { TrackingMethod, Tree } from '../process/tracking.js'

export class LastLook implements TrackingMethod {
  readonly method: TrackingMethod['method']
  readonly complete: boolean
  /** There where the method itself has it. */
  readonly beginLook?: NonNullable<TrackingMethod['beginLook']>
  readonly #tracking: TrackingMethod
  #last: Tree = { members: [], marked_only: [] }

  constructor(tracking: TrackingMethod) {
    this.method = tracking.method
    this.complete = tracking.complete
    this.#tracking = tracking
    const begin = tracking.beginLook?.bind(tracking)
    if (!begin) return
    this.beginLook = () => {
      const complete = begin()
      return table => {
        this.#last = complete(table)
        return this.#last
      }
    }
  }

  /** What the last look saw that did not fail. */
  get last(): Tree {
    return this.#last
  }

  look(): Tree {
    this.#last = this.#tracking.look()
    return this.#last
  }
}
