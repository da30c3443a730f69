/** Which markers mean another run, as of a look: none that the run's own first process carries. */
import type { ProcessIdentity } from './identity.js'
import { look } from './liveness.js'
import { type IsRun, type Marker, markerValues } from './marker.js'

export class MainMarker {
  #main: ProcessIdentity | null
  readonly #marker: Marker
  readonly #isRun: IsRun
  #values: readonly string[] = []

  /** @param isRun which values are runs on record, besides */
  constructor(main: ProcessIdentity | null, marker: Marker, isRun: IsRun) {
    this.#main = main
    this.#marker = marker
    this.#isRun = isRun
  }

  /** What the run's first process carries is no other run's, whatever it says: it may have replaced its environment. */
  others(): IsRun {
    // Who is gone stays gone.
    if (this.#main && look(this.#main) !== 'alive') this.#main = null
    if (this.#main) this.#values = markerValues(this.#main.pid, this.#marker.name) ?? this.#values
    return value => !this.#values.includes(value) && this.#isRun(value)
  }
}
