/** The directory as the lines have told it so far, in memory: by place (parent and name) and by identity. */
import type { FSWatcher } from 'node:fs'
import type { Found } from './disk.js'

/** One told entry, or one about to be told. */
export class Entry {
  parent: Directory | null
  name: string
  found: Found

  constructor(parent: Directory | null, name: string, found: Found) {
    this.parent = parent
    this.name = name
    this.found = found
  }
}

export class Directory extends Entry {
  readonly children = new Map<string, Entry>()
  watch: FSWatcher | null = null
  /** Told as unreadable, and not readable since. */
  unreadable = false
  /** Deleted or moved out: what its watch still says counts no more. */
  gone = false
}

export class Tree {
  readonly root: Directory
  readonly #by_id = new Map<string, Entry[]>()

  /** @param path the root's byte path, absolute, without a slash at its end ('' for `/`) */
  constructor(path: string, found: Found) {
    this.root = new Directory(null, path, found)
    this.#index(this.root)
  }

  /** The byte path that the lines have told for the entry. */
  path(entry: Entry): string {
    const names = [entry.name]
    for (let at = entry.parent; at; at = at.parent) names.push(at.name)
    return names.reverse().join('/') || '/'
  }

  /** The byte path of a name in a directory whose path is known. */
  static join(directory: string, name: string): string {
    return directory === '/' ? `/${name}` : `${directory}/${name}`
  }

  /** Whether the entry is told: it and all above it stand in their places. */
  holds(entry: Entry): boolean {
    let at: Entry = entry
    while (at.parent) {
      if (at.parent.children.get(at.name) !== at) return false
      at = at.parent
    }
    return at === this.root
  }

  /** Told entries that are the same file: several where it has several links. */
  withId(id: string): Iterable<Entry> {
    return this.#by_id.get(id) ?? []
  }

  /** Puts an entry, with all below it, in its place. */
  place(entry: Entry, parent: Directory, name: string): void {
    entry.parent = parent
    entry.name = name
    parent.children.set(name, entry)
    for (const below of within(entry)) this.#index(below)
  }

  /** Moves a told entry: all below it goes along. */
  move(entry: Entry, parent: Directory, name: string): void {
    entry.parent?.children.delete(entry.name)
    entry.parent = parent
    entry.name = name
    parent.children.set(name, entry)
  }

  /** Takes an entry, with all below it, out. It keeps its own children. */
  take(entry: Entry): void {
    entry.parent?.children.delete(entry.name)
    for (const below of within(entry)) {
      const others = (this.#by_id.get(below.found.id) ?? []).filter(other => other !== below)
      if (others.length > 0) this.#by_id.set(below.found.id, others)
      else this.#by_id.delete(below.found.id)
    }
  }

  #index(entry: Entry): void {
    const same = this.#by_id.get(entry.found.id)
    if (same) same.push(entry)
    else this.#by_id.set(entry.found.id, [entry])
  }
}

/** The entry and all below it, children after their directory. Without recursion: a tree may be thousands deep. */
export function within(entry: Entry): Entry[] {
  const all = [entry]
  for (let i = 0; i < all.length; i++) {
    const at = all[i]
    if (at instanceof Directory) for (const child of at.children.values()) all.push(child)
  }
  return all
}
