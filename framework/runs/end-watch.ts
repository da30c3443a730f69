/** Whether a run is over, for those who wait for it: cheap enough to be asked many times a second, and never for ever. */
import { monotonicMs } from '../process/clock.js'
import type { StateRoot } from '../store/state-root.js'
import { hasEnded } from './records.js'
import { shownAt } from './sign-of-life.js'
import { type RunView, viewRun } from './status.js'

/** Between two looks at who holds the run, in ms; the end record itself is looked for each time. */
const HOLDER_LOOK_MS = 1_000
/** How often in a row nobody shows life who may hold it: an owner whose records are gone does within four seconds. */
const SILENT_LOOKS = 10

/**
 * `lost`: something of the run lives and nobody holds it, so that nobody will record its end until it is stopped.
 * `untold`: no record of it can be used, and nobody shows that he is ending it, so that its end may never be known.
 */
export type Course = 'going' | 'over' | 'lost' | 'untold'

export class EndWatch {
  readonly #root: StateRoot
  readonly #run_id: string
  #course: Course = 'going'
  #look_at = Number.NEGATIVE_INFINITY
  #lost_looks = 0
  #silent_looks = 0
  #shown_at: number | null = null

  constructor(root: StateRoot, run_id: string) {
    this.#root = root
    this.#run_id = run_id
  }

  get run_id(): string {
    return this.#run_id
  }

  /** Once `over` it stays so: everything that the run wrote has been written. */
  look(): Course {
    if (this.#course === 'over' || hasEnded(this.#root, this.#run_id)) this.#course = 'over'
    else if (monotonicMs() >= this.#look_at) {
      this.#look_at = monotonicMs() + HOLDER_LOOK_MS
      this.#course = this.#seen(viewRun(this.#root, this.#run_id))
    }
    return this.#course
  }

  #seen({ end, status, owner_state }: RunView): Course {
    const is_final = status !== 'pending' && status !== 'running'
    // Its records were removed, its starter died before anything ran, its host has booted since, nothing of it lives.
    if (end || (is_final && owner_state === 'none')) return 'over'
    this.#lost_looks = owner_state === 'lost' ? this.#lost_looks + 1 : 0
    this.#silent_looks = owner_state === 'unknown' && this.#isSilent() ? this.#silent_looks + 1 : 0
    // Its guard may be about to take over when the owner has just died.
    if (this.#lost_looks > 1) return 'lost'
    return this.#silent_looks >= SILENT_LOOKS ? 'untold' : 'going'
  }

  #isSilent(): boolean {
    const before = this.#shown_at
    this.#shown_at = shownAt(this.#root, this.#run_id)
    return this.#shown_at === before
  }
}
