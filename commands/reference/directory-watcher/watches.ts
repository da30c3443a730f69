/** The kernel's watches, one for each directory; what they say becomes hints. */
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { errnoOf, toPath } from './disk.js'
import type { Hints } from './hints.js'
import type { Directory } from './tree.js'

/** `limit`: the kernel gives no more watches. */
type Opened =
  | { readonly state: 'watched' | 'absent' | 'denied' }
  | { readonly state: 'limit'; readonly errno: string }

export class Watches {
  readonly #hints: Hints
  readonly #overflowed: () => void
  /** Directories that the kernel refused to watch: they have to be looked at from time to time. */
  readonly limited = new Set<Directory>()
  /** Directories that are watched. */
  count = 0
  #events = 0

  /** @param overflowed called when the kernel may have dropped events */
  constructor(hints: Hints, overflowed: () => void) {
    this.#hints = hints
    this.#overflowed = overflowed
  }

  /** Watches a directory, whose byte path is `path`, from now on. */
  open(directory: Directory, path: string): Opened {
    if (directory.watch) return { state: 'watched' }
    try {
      // Events of the directory itself come with the last part of the path as their name; no entry is called '.'.
      const opened = watch(toPath(`${path}/.`), { encoding: 'buffer' })
      directory.watch = opened
      this.limited.delete(directory)
      this.count++
      opened.on('change', (kind, name) => {
        this.#heard(directory, kind === 'change', Buffer.isBuffer(name) ? name.toString('latin1') : null)
      })
      opened.on('error', () => this.#lost(directory, opened))
      return { state: 'watched' }
    } catch (error) {
      const errno = errnoOf(error) ?? 'UNKNOWN'
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return { state: 'absent' }
      if (!LIMITS.has(errno)) return { state: 'denied' }
      this.limited.add(directory)
      return { state: 'limit', errno }
    }
  }

  /** Ends the watch of a directory. */
  close(directory: Directory): void {
    this.limited.delete(directory)
    if (!directory.watch) return
    directory.watch.close()
    directory.watch = null
    this.count--
  }

  #heard(directory: Directory, changed: boolean, name: string | null): void {
    if (this.#events++ === 0) setImmediate(() => this.#drained())
    if (directory.gone) return
    if (name === null) this.#hints.all(directory, false)
    else if (name !== '.') this.#hints.entry(directory, name, changed)
    // It moved, went, or changed its permissions: what was read below it meanwhile may have been read elsewhere.
    else if (!changed || directory.unreadable || !directory.parent) this.#hints.all(directory, true)
  }

  /**
   * All queued events have been heard. The kernel drops events when the queue is full and says so in an event that
   * belongs to no watch (inotify(7), IN_Q_OVERFLOW), which Node does not pass on. So as many events at once as could
   * have filled half of the queue (events of ended watches are not heard, but had their place) count as an overflow.
   */
  #drained(): void {
    const heard = this.#events
    this.#events = 0
    if (heard >= QUEUE_LENGTH / 2) this.#overflowed()
  }

  #lost(directory: Directory, watcher: FSWatcher): void {
    if (directory.watch !== watcher) return
    this.close(directory)
    if (directory.gone) return
    this.limited.add(directory)
    this.#hints.all(directory, false)
  }
}

const LIMITS = new Set(['ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM'])

const QUEUE_LENGTH = queueLength()

function queueLength(): number {
  try {
    const length = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
    return length > 0 ? length : 16_384
  } catch {
    return 16_384
  }
}
