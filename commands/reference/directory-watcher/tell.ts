/**
 * Turns findings into lines, and the tree into what the lines tell. Every line is true of the tree as the lines
 * before it left it, so that who replays them in order has the directory.
 */
import { differs } from './disk.js'
import type { Arrival, Findings } from './findings.js'
import type { Hints } from './hints.js'
import { entryLine, renameLine } from './lines.js'
import { Directory, type Entry, type Tree, within } from './tree.js'
import type { Watches } from './watches.js'

/** Tells the findings of one look: applies them to the tree, and hands each line to `write`. */
export function tell(
  findings: Findings,
  tree: Tree,
  watches: Watches,
  hints: Hints,
  write: (line: () => string) => void,
): void {
  new Telling(findings, tree, watches, hints, write).all()
}

class Telling {
  readonly #findings: Findings
  readonly #tree: Tree
  readonly #watches: Watches
  readonly #hints: Hints
  readonly #write: (line: () => string) => void
  /** The arrivals of new directories, which have no place before they are told. */
  readonly #new = new Map<Entry, Arrival>()

  constructor(
    findings: Findings,
    tree: Tree,
    watches: Watches,
    hints: Hints,
    write: (line: () => string) => void,
  ) {
    this.#findings = findings
    this.#tree = tree
    this.#watches = watches
    this.#hints = hints
    this.#write = write
  }

  all(): void {
    const { arrivals, missing, changed } = this.#findings
    for (const { entry, found } of changed) {
      if (!this.#tree.holds(entry)) continue
      this.#change(entry)
      entry.found = found
    }
    for (const arrival of arrivals) if (!arrival.moved) this.#new.set(arrival.entry, arrival)
    for (const arrival of arrivals) this.#place(arrival)
    for (const entry of missing) if (this.#isMissing(entry)) this.#vacate(entry, false)
    this.#findUnplaced()
  }

  /** What found no place (its directory went, in a knot of renames) is found by one more look at everything. */
  #findUnplaced(): void {
    for (const arrival of this.#findings.arrivals) {
      if (arrival.state !== 'waiting') continue
      if (!arrival.moved) this.#close(arrival.entry)
      this.#hints.all(this.#tree.root, true)
    }
  }

  /** Puts an arrival in its place, after what stands there has left. Says whether it could. */
  #place(arrival: Arrival): boolean {
    if (arrival.state !== 'waiting') return arrival.state === 'done'
    arrival.state = 'placing'
    const { parent, name, entry, found } = arrival
    const occupant = this.#prepared(arrival) ? parent.children.get(name) : null
    if (occupant === null) {
      arrival.state = 'waiting'
      return false
    }
    if (occupant) {
      const replaced = arrival.moved && !(entry instanceof Directory) && !(occupant instanceof Directory)
      this.#vacate(occupant, replaced)
    }
    if (arrival.moved) this.#rename(arrival)
    else {
      entry.found = found
      this.#tree.place(entry, parent, name)
      for (const below of within(entry)) this.#entry('create', below)
    }
    arrival.state = 'done'
    return true
  }

  /** Sees that the directory of an arrival is told before the arrival itself. */
  #prepared({ parent }: Arrival): boolean {
    if (this.#tree.holds(parent)) return true
    const first = this.#new.get(parent)
    return first !== undefined && this.#place(first) && this.#tree.holds(parent)
  }

  /**
   * Empties a place: what only moved goes where it is now, the rest is deleted.
   * @param replaced a rename takes the place, which says by itself that the entry is gone
   */
  #vacate(occupant: Entry, replaced: boolean): void {
    const { moves } = this.#findings
    const { parent, name } = occupant
    const leaving = moves.size === 0 ? [] : within(occupant).filter(entry => moves.has(entry))
    for (const entry of leaving.reverse()) {
      const arrival = moves.get(entry)
      if (arrival?.moved && arrival.state !== 'done' && !this.#place(arrival)) this.#cut(arrival)
    }
    if (parent?.children.get(name) !== occupant) return
    if (replaced && this.#hints.takeChange(occupant)) this.#change(occupant)
    if (!replaced) for (const entry of within(occupant).reverse()) this.#entry('delete', entry)
    this.#tree.take(occupant)
    this.#close(occupant)
  }

  /** Breaks a ring of renames (a swap of two names): one of them is told as a delete and a create. */
  #cut(arrival: Arrival): void {
    for (const entry of within(arrival.entry).reverse()) this.#entry('delete', entry)
    this.#tree.take(arrival.entry)
    arrival.moved = false
    this.#new.set(arrival.entry, arrival)
  }

  #rename({ parent, name, entry, found }: Arrival): void {
    const changed = this.#hints.takeChange(entry)
    if (changed) this.#change(entry)
    const from = this.#tree.path(entry)
    this.#tree.move(entry, parent, name)
    this.#write(() => renameLine(from, this.#tree.path(entry), found.type))
    if (!changed && differs(entry.found, found, false)) this.#change(entry)
    entry.found = found
    // What happened in it around the move may have been looked for in the wrong place, or never heard of.
    if (entry instanceof Directory) this.#hints.all(entry, true)
  }

  #isMissing(entry: Entry): boolean {
    return this.#findings.moves.get(entry)?.state !== 'done' && this.#tree.holds(entry)
  }

  #close(gone: Entry): void {
    for (const entry of within(gone)) {
      if (!(entry instanceof Directory)) continue
      entry.gone = true
      this.#watches.close(entry)
    }
  }

  #change(entry: Entry): void {
    this.#write(() => entryLine('change', this.#tree.path(entry), entry.found.type))
  }

  #entry(event: 'create' | 'delete', entry: Entry): void {
    if (event === 'delete' && this.#hints.takeChange(entry)) this.#change(entry)
    this.#write(() => entryLine(event, this.#tree.path(entry), entry.found.type))
  }
}
