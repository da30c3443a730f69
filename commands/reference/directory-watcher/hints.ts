/**
 * Where the tree may no longer equal the disk. A hint never says what happened, only where to look: so hints may
 * come twice, late or too many, and memory stays bounded by the tree however fast they come.
 */
import type { Directory, Entry } from './tree.js'

/** Names to look at, each with whether the kernel spoke of a change of it; null: everything in the directory. */
interface Dirty {
  names: Map<string, boolean> | null
  /** Everything below it as well. */
  deep: boolean
}

/** Hints that are due. */
export interface Batch {
  readonly dirty: ReadonlyMap<Directory, Dirty>
  readonly changed: readonly Entry[]
}

/** How long entries that came or went wait for their other half: a rename speaks in two places (inotify(7)). */
const SETTLE_MS = 10
/** How long changes of one entry are gathered into one line. */
const COALESCE_MS = 50
/** More names than this in one directory are remembered as 'everything in it'. */
const NAMES_KEPT = 1_000

export class Hints {
  readonly #wake: () => void
  #dirty = new Map<Directory, Dirty>()
  #dirty_since = Number.POSITIVE_INFINITY
  /** By the time of the first change, so the first entry is always the oldest. */
  readonly #changed = new Map<Entry, number>()

  /** @param wake called when something becomes due earlier than before */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** The kernel spoke of a name in a directory. */
  entry(directory: Directory, name: string, changed: boolean): void {
    const known = directory.children.get(name)
    const dirty = this.#dirty.get(directory)
    if (changed && known && !dirty?.names?.has(name)) this.#change(known)
    else if (!dirty) this.#mark(directory, { names: new Map([[name, changed]]), deep: false })
    else if (dirty.names) {
      dirty.names.set(name, changed || dirty.names.get(name) === true)
      if (dirty.names.size > Math.max(NAMES_KEPT, 2 * directory.children.size)) dirty.names = null
    }
  }

  /** Anything may have happened in a directory; with `deep`, also in all directories below it. */
  all(directory: Directory, deep: boolean): void {
    const dirty = this.#dirty.get(directory)
    if (dirty) {
      dirty.names = null
      dirty.deep ||= deep
    } else this.#mark(directory, { names: null, deep })
  }

  /** Forgets that an entry changed; says whether it had. */
  takeChange(entry: Entry): boolean {
    return this.#changed.delete(entry)
  }

  /** When the next hint is due, on the clock of `performance.now()`. */
  dueAt(): number {
    for (const since of this.#changed.values())
      return Math.min(this.#dirty_since + SETTLE_MS, since + COALESCE_MS)
    return this.#dirty_since + SETTLE_MS
  }

  /** Takes what is due at `now`. */
  take(now: number): Batch {
    const changed: Entry[] = []
    for (const [entry, since] of this.#changed) {
      if (since + COALESCE_MS > now) break
      changed.push(entry)
      this.#changed.delete(entry)
    }
    if (this.#dirty_since + SETTLE_MS > now) return { dirty: new Map(), changed }
    const dirty = this.#dirty
    this.#dirty = new Map()
    this.#dirty_since = Number.POSITIVE_INFINITY
    return { dirty, changed }
  }

  #mark(directory: Directory, dirty: Dirty): void {
    this.#dirty.set(directory, dirty)
    if (this.#dirty.size > 1) return
    this.#dirty_since = performance.now()
    this.#wake()
  }

  #change(entry: Entry): void {
    if (this.#changed.has(entry)) return
    this.#changed.set(entry, performance.now())
    if (this.#changed.size === 1) this.#wake()
  }
}
