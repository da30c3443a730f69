/**
 * One reading of the process table for all runs of this process that want to look at about the same time: a hundred
 * runs that each read it would read a hundred times as much, of a table that they themselves made longer. No look is
 * answered from a table that was read before it was asked for.
 */
import { monotonicMs } from './clock.js'
import { type ProcessTable, readProcessTable } from './table.js'
import type { TrackingMethod, Tree } from './tracking.js'

/** How many times what one reading and its looks cost lies between two: where an end is awaited, and where none is. */
const AWAITED_SPACING = 1
const USUAL_SPACING = 10
/** Signals follow a look. What the last of those who look together is told must not be much older than for the first. */
const MOST_TOGETHER = 50

export interface Looked {
  readonly tree: Tree
  /** What the look would have taken alone. */
  readonly cost_ms: number
}

interface Waiting {
  readonly is_awaited: boolean
  begin(): (table: ProcessTable) => Tree
  resolve(looked: Looked): void
  reject(error: unknown): void
}

export class CommonLooks {
  readonly #readTable: () => ProcessTable
  #waiting: Waiting[] = []
  #scheduled: { readonly due: number; cancel(): void } | null = null
  #ended_at = Number.NEGATIVE_INFINITY
  #cost_ms = 0

  constructor(readTable: () => ProcessTable = readProcessTable) {
    this.#readTable = readTable
  }

  /**
   * Looks soon. A method that does not go through all processes looks at once.
   * @param is_awaited somebody waits for what it will show
   * @throws whatever the look throws
   */
  async look(tracking: TrackingMethod, is_awaited: boolean): Promise<Looked> {
    const begin = tracking.beginLook?.bind(tracking)
    if (!begin) return looked(() => tracking.look())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ is_awaited, begin, resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#waiting.length === 0) return
    const spacing = this.#waiting.some(({ is_awaited }) => is_awaited) ? AWAITED_SPACING : USUAL_SPACING
    const due = this.#ended_at + this.#cost_ms * spacing
    if (this.#scheduled && this.#scheduled.due <= due) return
    this.#scheduled?.cancel()
    this.#scheduled = { due, cancel: at(due, () => this.#lookTogether()) }
  }

  #lookTogether(): void {
    this.#scheduled = null
    const started = monotonicMs()
    const together = this.#waiting.splice(0, MOST_TOGETHER)
    // What each run knows is verified before the table is read, as for a look of its own.
    const begun = together.flatMap(one => tried(one, () => ({ ...one, finish: one.begin() })) ?? [])
    const read_at = monotonicMs()
    try {
      const table = this.#readTable()
      const read_ms = monotonicMs() - read_at
      for (const one of begun) tried(one, () => one.resolve(looked(() => one.finish(table), read_ms)))
    } catch (error) {
      for (const one of begun) one.reject(error)
    }
    this.#ended_at = monotonicMs()
    this.#cost_ms = this.#ended_at - started
    this.#schedule()
  }
}

/** Of this process. */
export const commonLooks = new CommonLooks()

function looked(look: () => Tree, before_ms = 0): Looked {
  const started = monotonicMs()
  const tree = look()
  return { tree, cost_ms: before_ms + monotonicMs() - started }
}

function tried<T>(one: Waiting, work: () => T): T | null {
  try {
    return work()
  } catch (error) {
    one.reject(error)
    return null
  }
}

/** @returns cancels it */
function at(due: number, work: () => void): () => void {
  const wait = Math.ceil(due - monotonicMs())
  if (wait > 0) {
    const timer = setTimeout(work, wait)
    return () => clearTimeout(timer)
  }
  const immediate = setImmediate(work)
  return () => clearImmediate(immediate)
}
