/**
 * Tracking by descent, for a process that is the subreaper of exactly one run: everything of the run is below it,
 * whatever it did to hide. Complete, and it costs as much as the tree has processes, however many the host has.
 */
import { type ChildrenOf, lookAtChildren } from './children.js'
import { identityOf, type ProcessIdentity, self } from './identity.js'
import type { Journal } from './journal.js'
import { standing } from './liveness.js'
import { MainMarker } from './main-marker.js'
import { type IsRun, type Marker, markerState } from './marker.js'
import { keepSpareDescriptor } from './proc-file.js'
import { hasExited, readStat } from './stat.js'
import { ownChildren, type Subreaper } from './subreaper.js'
import { type Member, memberOf, type TrackingMethod, type Tree } from './tracking.js'

export interface SubreaperTrackingOptions {
  readonly subreaper: Subreaper
  /** The run's first process. */
  readonly main: ProcessIdentity
  readonly marker: Marker
  /** What was seen is written down for the guard, which has to find it without being its ancestor. */
  readonly journal: Journal
  /** Which other values of the marker are runs inside this one. */
  readonly isRun: IsRun
  /** How a look finds children; the kernel's lists where left out. */
  readonly lookAtChildren?: () => ChildrenOf
}

export class SubreaperTracking implements TrackingMethod {
  readonly method = 'subreaper'
  readonly complete = true
  readonly #options: SubreaperTrackingOptions
  readonly #own_session = readStat(process.pid)?.sid ?? null
  readonly #main_marker: MainMarker
  #known = new Map<number, Member>()

  constructor(options: SubreaperTrackingOptions) {
    keepSpareDescriptor()
    this.#options = options
    this.#main_marker = new MainMarker(options.main, options.marker, options.isRun)
    options.journal.add(options.main)
  }

  look(): Tree {
    const { journal, subreaper, lookAtChildren: begin = lookAtChildren } = this.#options
    const descent = new Descent(begin(), { ...this.#options, isRun: this.#main_marker.others() }, this.#known)
    // Whoever is below us at this moment has an ancestor among our living children. A list in which nobody is new was
    // read when all in it had been looked at, so what has ended by then left nothing that is not in it.
    while (descent.enter(ownChildren(begin())));
    const members = [...descent.members.values()]
    journal.add(...members.filter(member => !this.#knows(member)).map(({ identity }) => identity))
    this.#known = descent.members
    journal.compact(() => this.#needed())
    subreaper.reapAdopted(descent.exited)
    const nested = [...descent.nested.values()]
    return { members, nested, marked_only: [], groups: this.#wholeGroups(members, nested) }
  }

  #knows({ identity }: Member): boolean {
    return this.#known.get(identity.pid)?.identity.start_time === identity.start_time
  }

  /**
   * A session that began below us holds only what is below us, for nobody can enter a session (setsid(2)); and nobody
   * can enter a group of another session (setpgid(2)). Only runs inside the run may share one with it.
   */
  #wholeGroups(members: readonly Member[], nested: readonly Member[]): ProcessIdentity[] {
    const shared = new Set(nested.map(({ pgid }) => pgid))
    return members
      .filter(
        ({ identity, pgid, sid }) => pgid === identity.pid && sid !== this.#own_session && !shared.has(pgid),
      )
      .map(({ identity }) => identity)
  }

  /** What a successor needs of the journal: who lives, and whose pid a living group or session bears. */
  *#needed(): Iterable<ProcessIdentity> {
    const borne = new Set<number>()
    for (const { pgid, sid } of this.#known.values()) borne.add(pgid).add(sid)
    for (const identity of this.#options.journal.read())
      if (
        borne.has(identity.pid) ||
        this.#known.get(identity.pid)?.identity.start_time === identity.start_time
      )
        yield identity
  }
}

interface Found {
  readonly pid: number
  readonly parent: number
  /** Its parent is of a run inside the run. */
  readonly is_nested: boolean
}

/** The walk of one look, downwards from our own children. */
class Descent {
  readonly members = new Map<number, Member>()
  readonly nested = new Map<number, Member>()
  /** Children of ours, none that we started, that nobody has reaped. */
  readonly exited: number[] = []
  readonly #seen = new Set<number>()
  readonly #childrenOf: ChildrenOf
  readonly #options: SubreaperTrackingOptions
  readonly #known: ReadonlyMap<number, Member>

  constructor(childrenOf: ChildrenOf, options: SubreaperTrackingOptions, known: ReadonlyMap<number, Member>) {
    this.#childrenOf = childrenOf
    this.#options = options
    this.#known = known
  }

  /**
   * Takes in children of ours with all that is below them.
   * @returns whether any of them was new
   */
  enter(own_children: readonly number[]): boolean {
    const fresh = own_children.filter(pid => !this.#seen.has(pid))
    // Grows while it is walked: a tree may be deeper than a stack.
    const found: Found[] = fresh.map(pid => ({ pid, parent: process.pid, is_nested: false }))
    for (const one of found) found.push(...this.#enter(one))
    return fresh.length > 0
  }

  /** @returns its children */
  #enter({ pid, parent, is_nested }: Found): Found[] {
    if (this.#seen.has(pid)) return []
    this.#seen.add(pid)
    const { main, marker, isRun, subreaper } = this.#options
    // Unreaped, its pid is its own: there is nothing to read.
    if (parent === process.pid && pid !== main.pid && subreaper.isStarted(pid)) return []
    const stat = readStat(pid)
    if (!stat) this.#enterHidden(pid)
    // What has lost its parent is ours by now, and new when our children are listed again.
    if (stat && stat.ppid !== parent && parent !== process.pid) this.#seen.delete(pid)
    if (!stat || stat.ppid !== parent) return []
    const is_main = pid === main.pid && stat.start_time === main.start_time
    // What we started beside the run is none of it: its guard, our helpers.
    const is_ours = parent === process.pid && subreaper.isStarted(pid)
    if (hasExited(stat) && parent === process.pid && !is_ours) this.exited.push(pid)
    if (hasExited(stat) || (is_ours && !is_main)) return []
    const is_inside = is_nested || (!is_main && markerState(pid, marker, isRun) === 'other')
    const kind = is_inside ? this.nested : this.members
    kind.set(pid, memberOf(stat))
    return this.#childrenOf(stat).map(child => ({ pid: child, parent: pid, is_nested: is_inside }))
  }

  /** Gone; or hidden from us, as a program of another user is under hidepid (proc(5)): then it counts as alive. */
  #enterHidden(pid: number): void {
    const known = this.#known.get(pid)
    const identity = known?.identity ?? identityOf({ pid, start_time: 0 })
    if (standing(identity) === 'hidden')
      this.members.set(pid, known ?? { identity, ppid: self().pid, pgid: 0, sid: 0, state: '?' })
  }
}
