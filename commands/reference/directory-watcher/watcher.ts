/** The watcher: hints in, lines out, until it is stopped or the directory goes. */
import { failureOf } from './failure.js'
import type { Findings } from './findings.js'
import { type Batch, Hints } from './hints.js'
import type { LineOutput } from './line-output.js'
import {
  degradedLine,
  type EndReason,
  endedLine,
  entryLine,
  recoveredLine,
  unreadableLine,
  watchingLine,
} from './lines.js'
import { look } from './look.js'
import { Root } from './root.js'
import { OutOfTime, Slices } from './slices.js'
import { tell } from './tell.js'
import { Tree, within } from './tree.js'
import { Watches } from './watches.js'

/** The kernel does not say that a directory above the watched one was renamed, or that one in use was removed. */
const ROOT_CHECK_MS = 500
/** How often directories are looked at that the kernel does not watch. */
const POLL_MS = 2_000
/** How long a stop may take to tell what had happened before it. */
const LAST_LOOK_MS = 300

export class Watcher {
  readonly #output: LineOutput
  readonly #root: Root
  readonly #tree: Tree
  readonly #slices = new Slices()
  readonly #hints = new Hints(() => this.#wake())
  readonly #watches = new Watches(this.#hints, () => this.#hints.all(this.#tree.root, true))
  #wake: () => void = () => undefined
  #stopped = false
  #degraded = false
  #poll_at = Number.POSITIVE_INFINITY

  /**
   * @param path byte path of the directory, absolute, without a slash at its end
   * @throws WatchFailure where there is no directory to watch
   */
  constructor(path: string, output: LineOutput) {
    this.#output = output
    this.#root = new Root(path)
    this.#tree = new Tree(path, this.#root.found)
  }

  /** Asks the watcher to end soon. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#slices.deadline = performance.now() + LAST_LOOK_MS
    this.#wake()
  }

  /**
   * Watches until the end, and tells it in the last line.
   * Rejects with WatchFailure where watching could not start, with the system error where writing failed.
   */
  async run(): Promise<void> {
    let reason: EndReason
    try {
      await this.#start()
      reason = await this.#follow()
    } catch (error) {
      if (!(error instanceof OutOfTime)) throw error
      reason = 'stopped'
    }
    if (reason === 'directory_removed') this.#tellAllDeleted()
    this.#output.add(endedLine(reason))
    await this.#output.flush()
  }

  async #start(): Promise<void> {
    const { root } = this.#tree
    const findings = await this.#look(
      { dirty: new Map([[root, { names: null, deep: false }]]), changed: [] },
      true,
    )
    if (findings.unreadable.includes(root)) throw failureOf('EACCES', this.#root.path)
    // What was there before is no event.
    tell(findings, this.#tree, this.#watches, this.#hints, () => undefined)
    this.#output.add(watchingLine(this.#tree.path(root), this.#watches.count))
    await this.#conclude(findings)
  }

  async #follow(): Promise<EndReason> {
    while (!this.#stopped) {
      const gone = this.#root.gone()
      if (gone) return gone
      await this.#nextDue()
      await this.#batch(performance.now())
    }
    // What the kernel has queued by now is heard before the last look.
    await new Promise(resolve => setImmediate(resolve))
    await this.#batch(Number.POSITIVE_INFINITY)
    return 'stopped'
  }

  /** Waits until a hint is due, or the root or the unwatched directories are to be looked at. */
  async #nextDue(): Promise<void> {
    const check = performance.now() + ROOT_CHECK_MS
    while (!this.#stopped) {
      const wait = Math.min(this.#hints.dueAt(), check, this.#poll_at) - performance.now()
      if (wait <= 0) return
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.ceil(wait))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Looks at what is due and tells what was found. */
  async #batch(now: number): Promise<void> {
    if (now >= this.#poll_at) {
      for (const directory of this.#watches.limited) this.#hints.all(directory, false)
      this.#poll_at = Number.POSITIVE_INFINITY
    }
    const batch = this.#hints.take(now)
    if (batch.dirty.size === 0 && batch.changed.length === 0) return
    const findings = await this.#look(batch, false)
    // Without its root nothing that was read is known to be true.
    if (this.#root.gone()) return
    tell(findings, this.#tree, this.#watches, this.#hints, line => this.#output.add(line()))
    await this.#conclude(findings)
  }

  #look(batch: Batch, starting: boolean): Promise<Findings> {
    return look({ tree: this.#tree, watches: this.#watches, slices: this.#slices, starting }, batch)
  }

  /** Tells what cannot be watched, notes what is to be looked at again, and writes the lines. */
  async #conclude({ unreadable, again, refused }: Findings): Promise<void> {
    for (const directory of unreadable) {
      if (this.#tree.holds(directory)) this.#output.add(unreadableLine(this.#tree.path(directory)))
    }
    for (const { directory, names, deep } of again) {
      if (directory.gone) continue
      if (directory.parent) this.#hints.entry(directory.parent, directory.name, false)
      if (names === null) this.#hints.all(directory, deep)
      else for (const [name, changed] of names) this.#hints.entry(directory, name, changed)
    }
    const { limited } = this.#watches
    if (limited.size > 0 && this.#poll_at === Number.POSITIVE_INFINITY) {
      this.#poll_at = performance.now() + POLL_MS
    }
    if (limited.size > 0 !== this.#degraded) {
      this.#degraded = limited.size > 0
      if (!this.#degraded) this.#output.add(recoveredLine(this.#tree.path(this.#tree.root)))
      else {
        const directory = refused?.directory ?? this.#tree.root
        this.#output.add(degradedLine(failureOf(refused?.errno ?? null, this.#tree.path(directory))))
      }
    }
    await this.#output.flush()
  }

  #tellAllDeleted(): void {
    const [, ...below] = within(this.#tree.root)
    for (const entry of below.reverse()) {
      this.#output.add(entryLine('delete', this.#tree.path(entry), entry.found.type))
    }
  }
}
