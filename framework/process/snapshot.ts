/**
 * Tracking by looking: parent links, process group, session, environment marker, and a journal of what was seen.
 * Not complete: what leaves its group, session and parent between two looks is reported by its marker and not ended;
 * what clears its environment as well is missed. Works everywhere, needs no privilege.
 */
import { isAncestor } from './ancestors.js'
import { identify, identityOf, type ProcessIdentity, self } from './identity.js'
import type { Journal } from './journal.js'
import { standing } from './liveness.js'
import { Look } from './look.js'
import { MainMarker } from './main-marker.js'
import { carriesMarker, type IsRun, type Marker } from './marker.js'
import { keepSpareDescriptor } from './proc-file.js'
import { hasExited, type ProcessStat } from './stat.js'
import { type ProcessTable, readProcessTable } from './table.js'
import type { Adopter, Bearers, Ties } from './ties.js'
import { type Member, memberOf, type TrackingMethod, type Tree } from './tracking.js'

/** What was seen of the run. Who only looks keeps nothing. */
type Seen = Pick<Journal, 'read' | 'add' | 'compact'>

export interface SnapshotOptions {
  /** The run's first process; null where nobody recorded it. */
  readonly main: ProcessIdentity | null
  readonly marker: Marker
  /** What it names is the run's too, as long as it lives. */
  readonly journal: Seen
  /** Pids of what is never the run's: its owner, its guard. This process is left out anyway. */
  readonly exclude: readonly number[]
  /** Which other values of the marker are runs inside this one. */
  readonly isRun: IsRun
  /** A session that the run shares with its owner and others: a foreground run's on a terminal. */
  readonly shared_session?: number | null
  /** The subreaper that holds this run and no other: whatever it came to have since the run began is the run's. */
  readonly subreaper?: ProcessIdentity | null
}

type ByMarker = Required<Pick<Tree, 'marked_only' | 'untold'>>

/** Of what is known: start times by pid of what was seen alive, and what cannot be seen. */
interface Verified {
  readonly verified: ReadonlyMap<number, number>
  readonly hidden: readonly Member[]
  readonly adopter: Adopter | null
}

export class SnapshotTracking implements TrackingMethod {
  readonly method = 'snapshot'
  readonly complete = false
  readonly #main: ProcessIdentity | null
  readonly #marker: Marker
  readonly #journal: Seen
  readonly #main_marker: MainMarker
  readonly #shared_session: number | null
  readonly #subreaper: ProcessIdentity | null
  /** Start times by pid: a pid alone could be a descendant's by now. */
  readonly #excluded = new Map<number, number>()
  #known = new Map<number, Member>()
  #bearers: Bearers
  /** Of the look before: a process that is just being set up shows no marker, and is asked once more. */
  #former_bearers: Bearers = new Map()
  /** Processes without the marker: start times by pid. They can get it only by a tie that we would see. */
  #unmarked = new Map<number, number>()

  constructor(options: SnapshotOptions) {
    const { main, marker, journal, exclude, isRun, shared_session = null, subreaper = null } = options
    keepSpareDescriptor()
    this.#main = main
    this.#marker = marker
    this.#journal = journal
    this.#main_marker = new MainMarker(main, marker, isRun)
    this.#shared_session = shared_session
    this.#subreaper = subreaper
    for (const identity of [self(), ...exclude.map(identify)])
      if (identity) this.#excluded.set(identity.pid, identity.start_time)
    const bearers = new Map<number, Set<number>>()
    for (const identity of [...journal.read(), ...(main ? [main] : [])]) {
      const found = standing(identity)
      if (found === 'foreign' || found === 'rebooted') continue
      if (found === 'alive') this.#known.set(identity.pid, unseen(identity))
      if (this.#isAround(identity)) continue
      bearers.set(identity.pid, (bearers.get(identity.pid) ?? new Set()).add(identity.start_time))
    }
    this.#bearers = bearers
    if (main) journal.add(main)
  }

  look(): Tree {
    return this.beginLook()(readProcessTable())
  }

  beginLook(): (table: ProcessTable) => Tree {
    const known = this.#verify()
    return table => this.#completeLook(table, known)
  }

  #completeLook(table: ProcessTable, { verified, hidden, adopter }: Verified): Tree {
    const isRun = this.#main_marker.others()
    const look = new Look(table, this.#marker, stat => this.#isExcluded(stat), isRun, this.#shared_session)
    const bearers = new Map([...this.#former_bearers, ...this.#bearers])
    const { ties, nested } = look.find(verified, bearers, adopter)
    const members = [...ties.members.values()].map(memberOf)
    this.#journal.add(...members.filter(member => !this.#knows(member)).map(member => member.identity))
    this.#known = new Map([...members, ...hidden].map(member => [member.identity.pid, member]))
    this.#former_bearers = this.#bearers
    this.#bearers = ties.bearers
    this.#journal.compact(() => this.#needed())
    const accounted = new Set([...ties.members.keys(), ...nested.map(({ pid }) => pid)])
    let by_marker: ByMarker | null = null
    const byMarker = (): ByMarker => (by_marker ??= this.#byMarker(look, accounted))
    return {
      members: [...this.#known.values()],
      undecided: ties.undecided.map(memberOf),
      nested: nested.map(memberOf),
      // Costs as much as all the rest: asked for where a run has come to its end, and not before.
      get marked_only() {
        return byMarker().marked_only
      },
      get untold() {
        return byMarker().untold
      },
      groups: wholeGroups(table, ties),
    }
  }

  /**
   * What is known and alive right now. A member that became another user's may be hidden: it stays one, but ties
   * nobody.
   */
  #verify(): Verified {
    const verified = new Map<number, number>()
    const hidden: Member[] = []
    for (const [pid, member] of this.#known) {
      const found = standing(member.identity)
      if (found === 'hidden' || (found === 'alive' && this.#isAround(member.identity))) hidden.push(member)
      else if (found === 'alive') verified.set(pid, member.identity.start_time)
    }
    return { verified, hidden, adopter: this.#adopter() }
  }

  /** Its children from before the run's first process are none of the run: without that they cannot be told. */
  #adopter(): Adopter | null {
    if (!this.#subreaper || !this.#main || standing(this.#subreaper) !== 'alive') return null
    const { pid, start_time } = this.#subreaper
    return { pid, start_time, since: this.#main.start_time }
  }

  /**
   * Whether a process is above this one and shows nothing of the run: a record that names it is forged or damaged,
   * or it emptied its environment. It is told of, and ties nobody else to the run, such as our siblings.
   */
  #isAround(identity: ProcessIdentity): boolean {
    return isAncestor(identity) && !carriesMarker(identity.pid, this.#marker)
  }

  #knows({ identity }: Member): boolean {
    return this.#known.get(identity.pid)?.identity.start_time === identity.start_time
  }

  #isExcluded({ pid, start_time }: ProcessStat): boolean {
    return pid <= 1 || this.#excluded.get(pid) === start_time
  }

  #byMarker(look: Look, accounted: ReadonlySet<number>): ByMarker {
    const marked_only: Member[] = []
    const untold: Member[] = []
    const unmarked = new Map<number, number>()
    for (const stat of look.table.values()) {
      if (accounted.has(stat.pid) || this.#isExcluded(stat) || hasExited(stat)) continue
      // Nothing of the run is older than its first process.
      if (this.#main && stat.start_time < this.#main.start_time) continue
      const known = this.#unmarked.get(stat.pid) === stat.start_time
      const state = known ? 'none' : look.markerOf(stat)
      if (state === 'own') marked_only.push(memberOf(stat))
      // What is in no session is the kernel's, and never shows anything.
      if (state === 'unknown' && stat.sid !== 0 && look.isInExec(stat)) untold.push(memberOf(stat))
      if (state === 'none' || state === 'other') unmarked.set(stat.pid, stat.start_time)
    }
    this.#unmarked = unmarked
    return { marked_only, untold }
  }

  /** What a successor needs of the journal: who lives, and whose pid a living group or session may bear. */
  *#needed(): Iterable<ProcessIdentity> {
    for (const { identity } of this.#known.values()) yield identity
    for (const [pid, start_times] of [...this.#former_bearers, ...this.#bearers]) {
      for (const start_time of start_times) yield identityOf({ pid, start_time })
    }
  }
}

/** A member known from a record, before the first look. */
const unseen = (identity: ProcessIdentity): Member => ({ identity, ppid: 0, pgid: 0, sid: 0, state: '?' })

/** Groups of which no process is anybody else's, and whose leader lives. */
function wholeGroups(table: ProcessTable, { members }: Ties): ProcessIdentity[] {
  const broken = new Set<number>()
  for (const stat of table.values()) if (!members.has(stat.pid) && !hasExited(stat)) broken.add(stat.pgid)
  const leaders = [...members.values()].filter(stat => stat.pgid === stat.pid && !broken.has(stat.pid))
  return leaders.map(identityOf)
}
