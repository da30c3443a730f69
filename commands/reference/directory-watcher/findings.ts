/** What one look at the disk found: handed from look.ts, which finds, to tell.ts, which tells. */
import type { Found } from './disk.js'
import type { Directory, Entry } from './tree.js'

/** An entry in a place where the lines have not told it. */
export interface Arrival {
  readonly parent: Directory
  readonly name: string
  readonly found: Found
  readonly entry: Entry
  /** The entry was told in another place and is no longer there: a rename. */
  moved: boolean
  state: 'waiting' | 'placing' | 'done' | 'dropped'
}

export interface Findings {
  /** A directory before what is in it. */
  readonly arrivals: Arrival[]
  /** Told, and no longer in their place; some have moved. */
  readonly missing: Set<Entry>
  readonly moves: Map<Entry, Arrival>
  readonly changed: { readonly entry: Entry; readonly found: Found }[]
  readonly unreadable: Directory[]
  /** Directories that were no longer in their place when they were looked at: to be looked at again. */
  readonly again: Again[]
  /** The kernel's refusal to watch one more directory. */
  refused: { readonly directory: Directory; readonly errno: string } | null
}

export interface Again {
  readonly directory: Directory
  readonly names: ReadonlyMap<string, boolean> | null
  readonly deep: boolean
}
