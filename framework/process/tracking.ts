/** What a tracking method is: a way to find all of a run at a moment. What ends a tree asks for nothing else. */
import { identityOf, type ProcessIdentity } from './identity.js'
import type { ProcessStat } from './stat.js'
import type { ProcessTable } from './table.js'

/** A living process of a run. */
export interface Member {
  readonly identity: ProcessIdentity
  readonly ppid: number
  readonly pgid: number
  readonly sid: number
  /** As in /proc/pid/stat: `S`, `T`, `D`, … */
  readonly state: string
}

/** A run at one look. */
export interface Tree {
  /** Everything alive that is the run's to end. */
  readonly members: readonly Member[]
  /** Tied to the run by its environment marker alone: reported, never ended (design: daemons come to be shared). */
  readonly marked_only: readonly Member[]
  /** What may be the run's and cannot be told yet, in the middle of an execve(2): the next look may. */
  readonly undecided?: readonly Member[]
  /** What nothing but its marker could tie to the run, and what shows none in the middle of an execve(2). */
  readonly untold?: readonly Member[]
  /** Of runs started inside this one: they have owners of their own. */
  readonly nested?: readonly Member[]
  /** Living leaders of process groups in which every process is a member: these may be signalled whole. */
  readonly groups?: readonly ProcessIdentity[]
}

export interface TrackingMethod {
  readonly method: 'snapshot' | 'subreaper'
  /** Whether nothing of the run can escape it. */
  readonly complete: boolean
  /**
   * Finds the run's living processes.
   * @throws NodeJS.ErrnoException where the host could not be asked; never an empty tree then
   */
  look(): Tree
  /**
   * Begins a look that goes through all processes: verifies what is known. The table that completes it must be read
   * after that.
   */
  beginLook?(): (table: ProcessTable) => Tree
}

/** A process of a run as it was just read. */
export function memberOf(stat: ProcessStat): Member {
  const { ppid, pgid, sid, state } = stat
  return { identity: identityOf(stat), ppid, pgid, sid, state }
}

/** What lives of a tree that has been ended: nothing but its environment ties it to the run, or could. */
export const leftAlone = ({ marked_only, undecided = [] }: Tree): Member[] => [...marked_only, ...undecided]
