/** One look at all processes: what a run's ties reach in it, and where runs inside the run begin. */
import { type IsRun, type Marker, type MarkerState, markerState } from './marker.js'
import { hasExited, type ProcessStat } from './stat.js'
import { commandLine, type ProcessTable } from './table.js'
import { type Adopter, type Bearers, findTied, type Ties } from './ties.js'

export class Look {
  readonly table: ProcessTable
  readonly #marker: Marker
  readonly #markers = new Map<number, MarkerState>()
  readonly #isExcluded: (stat: ProcessStat) => boolean
  readonly #isRun: IsRun
  readonly #shared_session: number | null

  constructor(
    table: ProcessTable,
    marker: Marker,
    isExcluded: (stat: ProcessStat) => boolean,
    isRun: IsRun,
    shared_session: number | null,
  ) {
    this.table = table
    this.#marker = marker
    this.#isExcluded = isExcluded
    this.#isRun = isRun
    this.#shared_session = shared_session
  }

  /** What the process's environment says, read once a look: an exec may change it. */
  markerOf({ pid }: ProcessStat): MarkerState {
    const known = this.#markers.get(pid)
    if (known) return known
    const state = markerState(pid, this.#marker, this.#isRun)
    this.#markers.set(pid, state)
    return state
  }

  /**
   * Whether an execve(2) of the process is under way: then its environment and its arguments are both empty
   * (proc_pid_environ(5), proc_pid_cmdline(5)). What cleared its environment has arguments still.
   */
  isInExec(stat: ProcessStat): boolean {
    if (this.#isExcluded(stat) || hasExited(stat) || this.markerOf(stat) !== 'unknown') return false
    const words = commandLine(stat.pid)
    if (!words) return false
    // It may have come to its end between the two questions: then the next look tells.
    return words.length === 0 || markerState(stat.pid, this.#marker, this.#isRun) !== 'unknown'
  }

  /**
   * Finds the run's processes, and those of runs inside it: the marker of another run begins one, and all below it
   * is of that run, even what cleared its environment and is tied to ours by a group or session that both share.
   */
  find(
    verified: ReadonlyMap<number, number>,
    bearers: Bearers,
    adopter: Adopter | null,
  ): { ties: Ties; nested: ProcessStat[] } {
    const outside = new Set<number>()
    for (;;) {
      const ties = findTied({
        table: this.table,
        verified,
        bearers,
        shared_session: this.#shared_session,
        adopter,
        admits: stat => !outside.has(stat.pid) && !this.#isExcluded(stat) && this.markerOf(stat) !== 'other',
        isMarked: stat => this.markerOf(stat) === 'own',
        isInExec: stat => this.isInExec(stat),
      })
      const nested = this.#withDescendants(ties.refused.filter(stat => !this.#isExcluded(stat)))
      const claimed = nested.filter(stat => ties.members.has(stat.pid))
      if (claimed.length === 0) return { ties, nested: nested.filter(stat => !hasExited(stat)) }
      for (const stat of claimed) outside.add(stat.pid)
    }
  }

  #withDescendants(roots: readonly ProcessStat[]): ProcessStat[] {
    if (roots.length === 0) return []
    const found = new Map(roots.map(stat => [stat.pid, stat]))
    for (let size = 0; size < found.size; ) {
      size = found.size
      for (const stat of this.table.values())
        if (found.has(stat.ppid) && !this.#isExcluded(stat)) found.set(stat.pid, stat)
    }
    return [...found.values()]
  }
}
