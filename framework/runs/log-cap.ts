/**
 * Keeps a run's log within its share of the disk: head and tail stay in the order of writing, what lies between
 * becomes a hole. The program keeps its descriptor, so the file is never copied or replaced.
 */
import { spawn } from 'node:child_process'
import { closeSync, lstatSync, openSync, readSync, type Stats, truncateSync } from 'node:fs'
import { dirname } from 'node:path'
import { pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'
import { ownChild } from '../process/own-children.js'
import { isSymlink } from '../store/private-directory.js'
import { LOG_BLOCK_BYTES, logHeadBytes } from './log-shape.js'

/** How often is looked, in ms: the sooner the faster it grows, since what was written between two looks is on disk. */
const SHORTEST_PAUSE_MS = 50
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_000
/** How long the last cut may take, in ms; the end record waits for it. */
const LAST_CUT_MS = 2_000

/** So many times its cap a log takes while no hole can be punched at the moment, and then it is emptied. */
const MOST_CAPS = 3

/** `never`: no log on this file system, or this machine, gets a hole. `not_now`: something else kept this one from it. */
type Punched = 'done' | 'never' | 'not_now'

/** Watches one log from `follow` to `close`. */
export class LogCap {
  readonly #path: string
  readonly #max_bytes: number
  readonly #head_bytes: number
  /** Where the hole ends that was punched behind the head; there is none as long as it ends there. */
  #hole_end: number
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<number> = Promise.resolve(0)
  #closed = false
  #punchable = true
  /** The last look found the log too long and could not cut it. */
  #is_overdue = false

  /** @param max_bytes on disk */
  constructor(path: string, max_bytes: number) {
    this.#path = path
    this.#max_bytes = max_bytes
    this.#head_bytes = logHeadBytes(max_bytes)
    this.#hole_end = this.#head_bytes
  }

  follow(): void {
    this.#lookAfter(FIRST_PAUSE_MS, 0)
  }

  /** Nobody of the run writes any more: cuts once more what is too long. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    let late: NodeJS.Timeout | undefined
    let is_late = false
    const in_time = new Promise<void>(resolve => {
      late = setTimeout(() => {
        is_late = true
        resolve()
      }, LAST_CUT_MS)
    })
    await Promise.race([this.#looking.then(() => this.#lastLooks(() => is_late)), in_time])
    clearTimeout(late)
  }

  /** Nobody looks later: what cannot be cut by then stays too long. */
  async #lastLooks(is_late: () => boolean): Promise<void> {
    while (!is_late()) {
      await this.#look()
      if (!this.#is_overdue) return
      await pause(SHORTEST_PAUSE_MS)
    }
  }

  #lookAfter(pause_ms: number, bytes_before: number): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
      void this.#looking.then(bytes => {
        if (this.#closed) return
        const is_fast = bytes - bytes_before > this.#max_bytes / 16
        this.#lookAfter(is_fast ? SHORTEST_PAUSE_MS : Math.min(pause_ms * 2, LONGEST_PAUSE_MS), bytes)
      })
    }, pause_ms)
    this.#timer.unref()
  }

  /** @returns how long the log is, the hole included; never rejects */
  async #look(): Promise<number> {
    this.#is_overdue = false
    try {
      const stat = lstatSync(this.#path, { throwIfNoEntry: false })
      // What somebody put in its place, or in that of its directory, a symlink to his, is not ours to cut.
      if (!stat?.isFile() || isSymlink(dirname(this.#path))) return 0
      if (this.#isTooLong(stat)) await this.#cut(stat.size)
      return stat.size
    } catch {
      // The log's directory may be gone or closed to us; the run matters more than its log.
      return 0
    }
  }

  /**
   * Told by what was written and not punched, too: the disk's account alone has blocks that the file system allocated
   * ahead of a growing file (XFS, speculative preallocation) and that no cut would free.
   */
  #isTooLong({ size, blocks }: Stats): boolean {
    // st_blocks counts 512-byte units whatever the file system's block size (stat(2)).
    if (blocks * 512 <= this.#max_bytes) return false
    if (!this.#hasHole(size)) this.#hole_end = this.#head_bytes
    return this.#keptOf(size) > this.#max_bytes
  }

  /** Bytes of a log that are not in its hole. */
  #keptOf(size: number): number {
    return size - (this.#hole_end - this.#head_bytes)
  }

  /** Whether the hole is where it was punched: the program may have cut its log to nothing, and written it anew. */
  #hasHole(size: number): boolean {
    if (this.#hole_end === this.#head_bytes || size < this.#hole_end) return false
    const block = Buffer.alloc(LOG_BLOCK_BYTES, 1)
    const fd = openSync(this.#path, 'r')
    try {
      readSync(fd, block, 0, block.length, this.#hole_end - block.length)
    } finally {
      closeSync(fd)
    }
    return block.every(byte => byte === 0)
  }

  async #cut(size: number): Promise<void> {
    const head = this.#head_bytes
    // Half of the rest, so that the next cut is not due at the next line.
    const tail = Math.floor((this.#max_bytes - head) / 2)
    const end = Math.floor((size - tail) / LOG_BLOCK_BYTES) * LOG_BLOCK_BYTES
    if (this.#punchable && end > head) {
      const punched = await this.#punch(head, end - head)
      if (punched === 'done') {
        this.#hole_end = end
        return
      }
      // More than its cap can be freed when the next look finds better times; lines cannot be had back. But the disk
      // is not only ours.
      this.#is_overdue = punched === 'not_now' && this.#keptOf(size) <= this.#max_bytes * MOST_CAPS
      if (this.#is_overdue) return
      this.#punchable = punched === 'not_now'
    }
    truncateSync(this.#path, 0)
    this.#hole_end = head
  }

  /** `fallocate(1)` punches the hole (fallocate(2), FALLOC_FL_PUNCH_HOLE: allocated blocks go, the size stays). */
  #punch(offset: number, length: number): Promise<Punched> {
    return new Promise<Punched>((resolve, reject) => {
      const child = ownChild(
        spawn('fallocate', ['-p', '-o', String(offset), '-l', String(length), this.#path], {
          // Without the run's marker, and not in a session that the run may share: it is no process of the run.
          detached: true,
          env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
          stdio: 'ignore',
        }),
      )
      child.once('error', reject)
      child.once('exit', code => resolve(code === 0 ? 'done' : code === null ? 'not_now' : 'never'))
    }).catch(notStarted)
  }
}

/**
 * What a failed start of a program says about later ones: only one that is not there, or not for us, stays so. Too many
 * processes, descriptors or pages are of the moment (EAGAIN, EMFILE, ENOMEM); of some of these Node tells by throwing.
 */
function notStarted(error: unknown): Punched {
  const errno = errnoOf(error)
  return errno === 'ENOENT' || errno === 'EACCES' ? 'never' : 'not_now'
}
