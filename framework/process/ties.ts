/**
 * Which processes of one table belong to a run: those tied by parent link, group or session to one that is known by
 * identity. A pure function of what was read, so that every rule about recycled numbers stands in one place.
 */
import type { ProcessStat } from './stat.js'
import { hasExited } from './stat.js'
import type { ProcessTable } from './table.js'

export interface TieQuestion {
  readonly table: ProcessTable
  /** Members known by identity that were verified alive right before the table was read: start times by pid. */
  readonly verified: ReadonlyMap<number, number>
  /** Pids of members past and present, each with the start times it had: a group or session of the run bears one. */
  readonly bearers: ReadonlyMap<number, ReadonlySet<number>>
  /** Whether a tied process may be taken for the run's; asked once for each. */
  admits(stat: ProcessStat): boolean
}

export interface Ties {
  /** Living processes of the run by pid. */
  readonly members: ReadonlyMap<number, ProcessStat>
  /** Tied, but not admitted. */
  readonly refused: readonly ProcessStat[]
  /** The bearers that still count for the next look. */
  readonly bearers: Map<number, Set<number>>
}

/** Follows all ties until no more processes are found. */
export function findTied(question: TieQuestion): Ties {
  const { table, verified, bearers } = question
  const by = indexOf(table)
  const walk = new Walk(question)
  const groups = new Set<number>()
  const sessions = new Set<number>()

  for (const [pid, start_time] of verified) {
    const stat = table.get(pid)
    if (stat?.start_time === start_time) {
      if (walk.enter(stat) && bearers.has(stat.pgid)) groups.add(stat.pgid)
      if (walk.has(stat) && bearers.has(stat.sid)) sessions.add(stat.sid)
    } else if (!stat) {
      // It ended while the table was read: who still named it as parent then was its child. Its pid was its own
      // right before, and the kernel hands out pids in a circle, so nobody else can have been that parent.
      for (const child of by.parent.get(pid) ?? []) if (child.start_time >= start_time) walk.enter(child)
    }
  }
  for (const [number, start_times] of bearers) {
    const bearer = table.get(number)
    // The pid is still that member's, a zombie's perhaps: so is a group or session of this number (credentials(7)).
    if (bearer && start_times.has(bearer.start_time) && walk.enter(bearer)) {
      groups.add(number)
      sessions.add(number)
    }
  }
  // A group or session outlives its leader, and its number is not used again as long as anybody is in it; so a
  // verified member inside vouches for it. Without one the number may be anybody's by now.
  for (const number of groups) for (const stat of by.group.get(number) ?? []) walk.enter(stat)
  for (const number of sessions) for (const stat of by.session.get(number) ?? []) walk.enter(stat)
  for (const stat of walk.entered()) {
    for (const child of by.parent.get(stat.pid) ?? [])
      if (child.start_time >= stat.start_time) walk.enter(child)
    if (stat.pgid === stat.pid) for (const peer of by.group.get(stat.pid) ?? []) walk.enter(peer)
    if (stat.sid === stat.pid) for (const peer of by.session.get(stat.pid) ?? []) walk.enter(peer)
  }

  const members = new Map<number, ProcessStat>()
  const next = new Map<number, Set<number>>()
  for (const stat of walk.entered()) {
    if (!hasExited(stat)) members.set(stat.pid, stat)
    next.set(stat.pid, new Set([stat.start_time]))
  }
  for (const number of [...groups, ...sessions]) {
    if (!next.has(number)) next.set(number, new Set(bearers.get(number)))
  }
  return { members, refused: walk.refused, bearers: next }
}

/** The processes reached so far. Zombies are walked through, too: a child may have been read before its parent. */
class Walk {
  readonly refused: ProcessStat[] = []
  readonly #admits: (stat: ProcessStat) => boolean
  readonly #answers = new Map<number, boolean>()
  readonly #entered: ProcessStat[] = []

  constructor({ admits }: TieQuestion) {
    this.#admits = admits
  }

  /** @returns whether the process is the run's */
  enter(stat: ProcessStat): boolean {
    const answered = this.#answers.get(stat.pid)
    if (answered !== undefined) return answered
    const admitted = this.#admits(stat)
    this.#answers.set(stat.pid, admitted)
    ;(admitted ? this.#entered : this.refused).push(stat)
    return admitted
  }

  has({ pid }: ProcessStat): boolean {
    return this.#answers.get(pid) === true
  }

  /** All that were entered, those included that are entered meanwhile. */
  entered(): Iterable<ProcessStat> {
    return this.#entered
  }
}

interface Index {
  readonly parent: ReadonlyMap<number, readonly ProcessStat[]>
  readonly group: ReadonlyMap<number, readonly ProcessStat[]>
  readonly session: ReadonlyMap<number, readonly ProcessStat[]>
}

function indexOf(table: ProcessTable): Index {
  const parent = new Map<number, ProcessStat[]>()
  const group = new Map<number, ProcessStat[]>()
  const session = new Map<number, ProcessStat[]>()
  for (const stat of table.values()) {
    append(parent, stat.ppid, stat)
    append(group, stat.pgid, stat)
    append(session, stat.sid, stat)
  }
  return { parent, group, session }
}

function append(index: Map<number, ProcessStat[]>, key: number, stat: ProcessStat): void {
  const known = index.get(key)
  if (known) known.push(stat)
  else index.set(key, [stat])
}
