/**
 * Which processes of one table belong to a run: those tied by parent link, group or session to one that is known by
 * identity. A pure function of what was read, so that every rule about recycled numbers stands in one place.
 */
import { hasExited, type ProcessStat } from './stat.js'
import type { ProcessTable } from './table.js'

/** Pids, each with the start times of the processes that are meant. */
export type Bearers = ReadonlyMap<number, ReadonlySet<number>>

/** A process to which the orphans of a run come. */
export interface Adopter {
  readonly pid: number
  readonly start_time: number
  /** When the run began: what it had before is none of the run. */
  readonly since: number
}

export interface TieQuestion {
  readonly table: ProcessTable
  /** Members known by identity that were verified alive right before the table was read: start times by pid. */
  readonly verified: ReadonlyMap<number, number>
  /** Members past and present: a group or session of the run bears the pid of one. */
  readonly bearers: Bearers
  /** A session that the run shares with others: of it only what carries the marker too is tied. */
  readonly shared_session?: number | null
  /** Who adopts the run's orphans and nobody else's; verified alive right before the table was read. */
  readonly adopter?: Adopter | null
  /** Whether a tied process may be taken for the run's; asked once for each. */
  admits(stat: ProcessStat): boolean
  /** Whether the process carries the run's marker: no tie by itself, but what confirms a weak one. */
  isMarked(stat: ProcessStat): boolean
  /** Whether the process shows no marker only because it is in the middle of an execve(2). */
  isInExec(stat: ProcessStat): boolean
}

export interface Ties {
  /** Living processes of the run by pid. */
  readonly members: ReadonlyMap<number, ProcessStat>
  /** Tied, but not admitted. */
  readonly refused: readonly ProcessStat[]
  /** The members found, and the bearers whose group or session still lives, or may. */
  readonly bearers: Bearers
  /** What only its marker could tie to the run, and what shows none at this moment. */
  readonly undecided: readonly ProcessStat[]
}

/** Follows all ties until no more processes are found. */
export function findTied(question: TieQuestion): Ties {
  const search = new Search(question)
  search.enterVerified()
  search.enterBorne()
  search.enterShared()
  search.enterAdopted()
  search.follow()
  return search.result()
}

/** Zombies are walked through, too: a child may have been read before its parent ended. */
class Search {
  readonly #question: TieQuestion
  readonly #children: Index
  readonly #groups: Index
  readonly #sessions: Index
  readonly #answers = new Map<number, boolean>()
  readonly #entered: ProcessStat[] = []
  readonly #refused: ProcessStat[] = []
  /** Numbers of groups and of sessions that are the run's, though their leader may be dead. */
  readonly #group_numbers = new Set<number>()
  readonly #session_numbers = new Set<number>()
  /** Those in which nobody shows the marker, and somebody may in a moment. */
  readonly #undecided_numbers = new Set<number>()
  readonly #undecided = new Set<ProcessStat>()

  constructor(question: TieQuestion) {
    this.#question = question
    const stats = [...question.table.values()]
    this.#children = indexBy(stats, stat => stat.ppid)
    this.#groups = indexBy(stats, stat => stat.pgid)
    this.#sessions = indexBy(stats, stat => stat.sid)
  }

  enterVerified(): void {
    const { table, verified, bearers } = this.#question
    for (const [pid, start_time] of verified) {
      const stat = table.get(pid)
      if (stat?.start_time === start_time) {
        if (!this.#enter(stat)) continue
        // A number is not used again as long as anybody bears it as group or session: who is inside vouches for it.
        if (bearers.has(stat.pgid)) this.#group_numbers.add(stat.pgid)
        if (bearers.has(stat.sid)) this.#session_numbers.add(stat.sid)
      } else if (!stat) {
        // It ended while the table was read: who still named it as parent was its child. Its pid was its own right
        // before, and the kernel hands out pids in a circle, so nobody else can have been that parent.
        this.#enterChildren(pid, start_time)
      }
    }
  }

  enterBorne(): void {
    const { table, bearers } = this.#question
    for (const [number, start_times] of bearers) {
      const bearer = table.get(number)
      if (bearer) {
        // While the pid is that member's, a zombie's perhaps, nobody else founds a group or session of this number
        // (credentials(7)); once it is another's, it says nothing any more.
        if (!start_times.has(bearer.start_time) || !this.#enter(bearer)) continue
        this.#group_numbers.add(number)
        this.#session_numbers.add(number)
      } else {
        // All that we knew in it may have died since the last look; then what it forked last is in it, marked.
        const since = Math.min(...start_times)
        const group = this.#whose(this.#groups.get(number), since)
        const session = this.#whose(this.#sessions.get(number), since)
        if (group === 'ours') this.#group_numbers.add(number)
        if (session === 'ours') this.#session_numbers.add(number)
        if (group === 'undecided' || session === 'undecided') this.#undecided_numbers.add(number)
      }
    }
    for (const number of this.#group_numbers) this.#enterAll(this.#groups.get(number))
    for (const number of this.#session_numbers) this.#enterAll(this.#sessions.get(number))
  }

  enterShared(): void {
    const { shared_session, isMarked, isInExec } = this.#question
    if (shared_session === undefined || shared_session === null) return
    for (const stat of this.#sessions.get(shared_session) ?? [])
      if (isMarked(stat)) this.#enter(stat)
      else if (isInExec(stat)) this.#undecided.add(stat)
  }

  enterAdopted(): void {
    const { table, adopter } = this.#question
    if (!adopter) return
    const there = table.get(adopter.pid)
    // As for a member: it may have ended while the table was read.
    if (!there || there.start_time === adopter.start_time) this.#enterChildren(adopter.pid, adopter.since)
  }

  follow(): void {
    // Grows while it is walked.
    for (const stat of this.#entered) {
      this.#enterChildren(stat.pid, stat.start_time)
      if (stat.pgid === stat.pid) this.#enterAll(this.#groups.get(stat.pid))
      if (stat.sid === stat.pid) this.#enterAll(this.#sessions.get(stat.pid))
    }
  }

  result(): Ties {
    const members = new Map<number, ProcessStat>()
    const bearers = new Map<number, ReadonlySet<number>>()
    for (const number of [...this.#group_numbers, ...this.#session_numbers, ...this.#undecided_numbers])
      bearers.set(number, this.#question.bearers.get(number) ?? new Set())
    for (const stat of this.#entered) {
      if (!hasExited(stat)) members.set(stat.pid, stat)
      bearers.set(stat.pid, new Set([stat.start_time]))
    }
    // Some other tie may have told.
    const undecided = [...this.#undecided].filter(({ pid }) => !this.#answers.has(pid))
    return { members, refused: this.#refused, bearers, undecided }
  }

  /** @param since when the bearer of the number started: nobody in it that is the run's started before */
  #whose(peers: readonly ProcessStat[] = [], since: number): 'ours' | 'undecided' | 'others' {
    const candidates = peers.filter(({ start_time }) => start_time >= since)
    if (candidates.some(peer => this.#question.isMarked(peer))) return 'ours'
    const undecided = candidates.filter(peer => this.#question.isInExec(peer))
    for (const peer of undecided) this.#undecided.add(peer)
    return undecided.length > 0 ? 'undecided' : 'others'
  }

  /** @returns whether the process is the run's */
  #enter(stat: ProcessStat): boolean {
    const answered = this.#answers.get(stat.pid)
    if (answered !== undefined) return answered
    const admitted = this.#question.admits(stat)
    this.#answers.set(stat.pid, admitted)
    const found = admitted ? this.#entered : this.#refused
    found.push(stat)
    return admitted
  }

  #enterAll(stats: readonly ProcessStat[] = []): void {
    for (const stat of stats) this.#enter(stat)
  }

  /** A child is never older than its parent; what is has another parent by the same pid. */
  #enterChildren(pid: number, start_time: number): void {
    for (const child of this.#children.get(pid) ?? []) if (child.start_time >= start_time) this.#enter(child)
  }
}

type Index = ReadonlyMap<number, readonly ProcessStat[]>

function indexBy(stats: readonly ProcessStat[], keyOf: (stat: ProcessStat) => number): Index {
  const index = new Map<number, ProcessStat[]>()
  for (const stat of stats) {
    const found = index.get(keyOf(stat))
    if (found) found.push(stat)
    else index.set(keyOf(stat), [stat])
  }
  return index
}
