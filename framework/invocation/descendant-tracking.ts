/** A tracking method for processes that no record knows: what is tied to some that are alive now, and were just named. */
import { type ProcessIdentity, self } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { markerState } from '../process/marker.js'
import { readProcessTable } from '../process/table.js'
import { findTied } from '../process/ties.js'
import { memberOf, type TrackingMethod, type Tree } from '../process/tracking.js'

export class DescendantTracking implements TrackingMethod {
  readonly method = 'snapshot'
  readonly complete = false
  readonly #run_marker: { readonly name: string; readonly value: string }
  #known: readonly ProcessIdentity[]
  #bearers: ReadonlyMap<number, ReadonlySet<number>>

  /**
   * @param roots alive at this moment
   * @param run_marker the variable that marks processes of runs: those of runs that are not ours have owners
   */
  constructor(roots: readonly ProcessIdentity[], run_marker: string) {
    this.#known = roots
    this.#bearers = new Map(roots.map(({ pid, start_time }) => [pid, new Set([start_time])]))
    this.#run_marker = { name: run_marker, value: process.env[run_marker] ?? '' }
  }

  look(): Tree {
    const alive = this.#known.filter(identity => look(identity) === 'alive')
    const own = self().pid
    const ties = findTied({
      table: readProcessTable(),
      verified: new Map(alive.map(({ pid, start_time }) => [pid, start_time])),
      bearers: this.#bearers,
      admits: ({ pid }) => pid > 1 && pid !== own && markerState(pid, this.#run_marker) !== 'other',
      // They carry no marker of their own.
      isMarked: () => false,
      isInExec: () => false,
    })
    const members = [...ties.members.values()].map(memberOf)
    this.#known = members.map(({ identity }) => identity)
    this.#bearers = ties.bearers
    return { members, marked_only: [] }
  }
}
