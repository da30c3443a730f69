/**
 * Compares what the lines have told with the disk, where hints say so, and finds out what became of what: nothing is
 * told here, and the tree keeps its shape until `tell.ts` applies the findings.
 */
import { differs, type Found, list, lookAt } from './disk.js'
import { failureOf } from './failure.js'
import type { Again, Arrival, Findings } from './findings.js'
import type { Batch } from './hints.js'
import type { Slices } from './slices.js'
import { Directory, Entry, Tree } from './tree.js'
import type { Watches } from './watches.js'

/** A file may have thousands of links: so many of them are asked whether they moved, else it is no rename. */
const LINKS_ASKED = 16

/** A directory to look at. */
interface Task extends Again {
  /** The directory itself has just been found. */
  readonly arrival: Arrival | null
}

/** What it takes to look. */
export interface Means {
  readonly tree: Tree
  readonly watches: Watches
  readonly slices: Slices
  /** Watching has not begun: a directory that the kernel will not watch is a failure. */
  readonly starting: boolean
}

/**
 * Looks where a batch of hints points. The findings are worth something only at once: the disk goes on.
 * Throws WatchFailure at a limit of the kernel while starting, OutOfTime after the deadline of `slices`.
 */
export async function look(means: Means, batch: Batch): Promise<Findings> {
  const looking = new Looking(means)
  for (const [directory, { names, deep }] of batch.dirty)
    looking.add({ directory, names, deep, arrival: null })
  for (const entry of batch.changed) looking.changed(entry)
  await looking.finish()
  return looking.findings
}

class Looking {
  readonly findings: Findings = {
    arrivals: [],
    missing: new Set(),
    moves: new Map(),
    changed: [],
    unreadable: [],
    again: [],
    refused: null,
  }
  readonly #means: Means
  readonly #tasks: Task[] = []
  /** Names looked at: once is enough, what happens later is hinted again. */
  readonly #looked = new Map<Directory, Set<string>>()
  readonly #deep = new Set<Directory>()

  constructor(means: Means) {
    this.#means = means
  }

  add(task: Task): void {
    if (task.deep && this.#deep.has(task.directory)) return
    if (task.deep) this.#deep.add(task.directory)
    this.#tasks.push(task)
  }

  async finish(): Promise<void> {
    for (let i = 0; i < this.#tasks.length; i++) {
      const task = this.#tasks[i]
      if (task && !task.directory.gone) await this.#directory(task)
    }
  }

  /** The kernel spoke of a change of a told entry. */
  changed(entry: Entry): void {
    const { parent } = entry
    if (parent && parent.children.get(entry.name) === entry) {
      this.add({ directory: parent, names: new Map([[entry.name, true]]), deep: false, arrival: null })
    }
  }

  /** Watches the directory before it reads it: so what comes later is heard, and what came earlier is read. */
  async #directory(task: Task): Promise<void> {
    const { tree, slices, watches } = this.#means
    const { directory } = task
    const path = tree.path(directory)
    const was_watched = directory.watch !== null
    const readable = this.#watch(directory, path)
    const names = task.names ?? (readable ? this.#list(directory, path) : 'denied')
    const looked: { name: string; hinted: boolean; now: Found | 'absent' }[] = []
    const before = this.#looked.get(directory)
    let denied = names === 'denied'
    for (const [name, hinted] of typeof names === 'string' ? [] : names) {
      if (before?.has(name)) continue
      if (slices.over()) await slices.rest()
      const now = lookAt(Tree.join(path, name))
      if (now === 'denied') denied = true
      else looked.push({ name, hinted, now })
    }
    // What was watched and read was this directory only if the path still leads to it.
    const itself = names === 'absent' ? names : lookAt(directory.parent ? path : `${path}/.`)
    if (itself === 'denied') denied = true
    else if (itself === 'absent' || itself.id !== directory.found.id) {
      if (!was_watched) watches.close(directory)
      return this.#elsewhere(task)
    }
    if (denied && !directory.unreadable) this.findings.unreadable.push(directory)
    directory.unreadable = denied || (directory.unreadable && task.names !== null)
    for (const { name, hinted, now } of looked) this.#entry(task, name, hinted, now)
    if (before && task.deep) this.#below(directory)
    if (!task.arrival)
      this.#looked.set(directory, new Set([...(before ?? []), ...looked.map(({ name }) => name)]))
  }

  /** Says whether the directory may be read. */
  #watch(directory: Directory, path: string): boolean {
    const { watches, starting } = this.#means
    if (this.findings.refused && !directory.watch) {
      watches.limited.add(directory)
      return true
    }
    const opened = watches.open(directory, path)
    if (opened.state === 'limit') {
      if (starting) throw failureOf(opened.errno, path)
      this.findings.refused = { directory, errno: opened.errno }
    }
    return opened.state !== 'denied'
  }

  /** All names, those told and those on the disk. */
  #list(directory: Directory, path: string): ReadonlyMap<string, boolean> | 'absent' | 'denied' {
    const { watches, starting } = this.#means
    const listed = list(path)
    if (listed === 'busy') {
      if (starting) throw failureOf('EMFILE', path)
      this.findings.refused ??= { directory, errno: 'EMFILE' }
      watches.limited.add(directory)
      return new Map()
    }
    if (directory.watch) watches.limited.delete(directory)
    if (typeof listed === 'string') return listed
    const names = new Map<string, boolean>()
    for (const name of directory.children.keys()) names.set(name, false)
    for (const name of listed) names.set(name, false)
    return names
  }

  #elsewhere({ directory, names, deep, arrival }: Task): void {
    if (!arrival) {
      this.findings.again.push({ directory, names, deep })
      return
    }
    arrival.state = 'dropped'
    directory.gone = true
    this.findings.again.push({
      directory: arrival.parent,
      names: new Map([[arrival.name, false]]),
      deep: false,
    })
  }

  #entry(task: Task, name: string, hinted: boolean, now: Found | 'absent'): void {
    const told = task.directory.children.get(name)
    if (now === 'absent') {
      if (told) this.findings.missing.add(told)
    } else if (told?.found.id === now.id) {
      this.#same(told, now, hinted, task.deep)
    } else {
      if (told) this.findings.missing.add(told)
      this.#arrived(task.directory, name, now)
    }
  }

  #same(entry: Entry, now: Found, hinted: boolean, deep: boolean): void {
    const permissions = entry.found.stamp !== now.stamp
    if (differs(entry.found, now, hinted)) this.findings.changed.push({ entry, found: now })
    else entry.found = now
    if (!(entry instanceof Directory)) return
    // New permissions may open, or close, all that is below.
    const below = deep || permissions || (hinted && entry.unreadable)
    if (below) this.add({ directory: entry, names: null, deep: true, arrival: null })
  }

  /** Goes on below a directory of which some names had been looked at without going deeper. */
  #below(directory: Directory): void {
    for (const child of directory.children.values()) {
      if (!(child instanceof Directory) || this.findings.missing.has(child)) continue
      this.add({ directory: child, names: null, deep: true, arrival: null })
    }
  }

  #arrived(parent: Directory, name: string, found: Found): void {
    const source = this.#source(found)
    const entry =
      source ??
      (found.type === 'directory' ? new Directory(parent, name, found) : new Entry(parent, name, found))
    const arrival: Arrival = { parent, name, found, entry, moved: source !== null, state: 'waiting' }
    this.findings.arrivals.push(arrival)
    if (source) this.findings.moves.set(source, arrival)
    else if (entry instanceof Directory) this.add({ directory: entry, names: null, deep: false, arrival })
  }

  /** The told entry that this file was, if it is no longer there; another link to the same file is none. */
  #source(found: Found): Entry | null {
    let asked = 0
    for (const entry of this.#means.tree.withId(found.id)) {
      if (!entry.parent || this.findings.moves.has(entry)) continue
      if (!this.findings.missing.has(entry)) {
        if (asked++ >= LINKS_ASKED) continue
        const there = lookAt(this.#means.tree.path(entry))
        if (there === 'denied' || (there !== 'absent' && there.id === found.id)) continue
        this.findings.missing.add(entry)
      }
      return entry
    }
    return null
  }
}
