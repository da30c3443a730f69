/**
 * The identities that were seen of one run, on disk: what its guard, or whoever comes after a dead owner, goes by.
 * Holds no descriptor, and never throws: a disk that takes nothing must not keep a run from being followed or ended.
 */
import { errnoOf } from './errno.js'
import type { ProcessIdentity } from './identity.js'
import { appendLines, linesOf, parseLines, readText, replaceFile } from './journal-file.js'
import { withSpareDescriptor } from './proc-file.js'

/** Below this many bytes a rewrite saves nothing. */
const COMPACT_FROM_BYTES = 256 * 1024

/** Opens a run's journal, and makes it where there is none. `fault` tells whether that went well. */
export function openJournal(path: string): Journal {
  return new Journal(path)
}

/** One JSON line a process. */
export class Journal {
  readonly path: string
  readonly #pending = new Map<string, ProcessIdentity>()
  #fault: string | null = null
  #bytes = 0
  #compact_from = COMPACT_FROM_BYTES

  constructor(path: string) {
    this.path = path
    this.#flush()
  }

  /** The errno of the last write or read that failed; null while all that was seen is on disk. */
  get fault(): string | null {
    return this.#fault
  }

  /** Appends in one write. What the disk does not take is kept in memory and tried again with the next call. */
  add(...identities: readonly ProcessIdentity[]): void {
    for (const identity of identities) this.#pending.set(keyOf(identity), identity)
    if (this.#pending.size > 0) this.#flush()
  }

  /** Everything on disk and in memory, each process once. */
  read(): ProcessIdentity[] {
    const seen = new Map<string, ProcessIdentity>()
    for (const identity of this.#onDisk()) seen.set(keyOf(identity), identity)
    for (const [key, identity] of this.#pending) seen.set(key, identity)
    return [...seen.values()]
  }

  /**
   * Replaces a file that has grown long by what is still needed; does nothing otherwise.
   * For the run's owner alone: what another process appends at this moment would be lost.
   */
  compact(needed: () => Iterable<ProcessIdentity>): void {
    if (this.#bytes < this.#compact_from) return
    try {
      this.#bytes = withSpareDescriptor(() => replaceFile(this.path, linesOf(needed())))
    } catch {
      // No room for both: the long file stays, and stays right.
    }
    this.#compact_from = Math.max(COMPACT_FROM_BYTES, this.#bytes * 2)
  }

  #flush(): void {
    try {
      this.#bytes = withSpareDescriptor(() => appendLines(this.path, linesOf(this.#pending.values())))
      this.#pending.clear()
      this.#fault = null
    } catch (error) {
      this.#fault = errnoOf(error) ?? String(error)
    }
  }

  #onDisk(): ProcessIdentity[] {
    try {
      return parseLines(withSpareDescriptor(() => readText(this.path)))
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') this.#fault = errnoOf(error) ?? String(error)
      return []
    }
  }
}

const keyOf = ({ host_id, boot_id, pid_namespace, pid, start_time }: ProcessIdentity): string =>
  [host_id, boot_id, pid_namespace, pid, start_time].join(' ')
