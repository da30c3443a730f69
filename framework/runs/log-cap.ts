/**
 * Keeps a run's log within its share of the disk: head and tail stay in the order of writing, what lies between
 * becomes a hole. The program keeps its descriptor, so the file is never copied or replaced.
 */
import { spawn } from 'node:child_process'
import { statSync, truncateSync } from 'node:fs'
import { ownChild } from '../process/own-children.js'

/** What is kept from the beginning, in bytes. */
export const LOG_HEAD_BYTES = 2 * 1024 * 1024

const BLOCK = 4096

/**
 * Watches one log; call `check` now and then.
 * `fallocate(1)` punches the hole (fallocate(2), FALLOC_FL_PUNCH_HOLE: allocated blocks go, the size stays);
 * where it is missing or the file system refuses, the log is cut to nothing.
 */
export class LogCap {
  readonly #path: string
  readonly #max_bytes: number
  #punching = false
  #punchable = true

  constructor(path: string, max_bytes: number) {
    this.#path = path
    this.#max_bytes = max_bytes
  }

  check(): void {
    if (this.#punching) return
    const stat = statSync(this.#path, { throwIfNoEntry: false })
    // st_blocks counts 512-byte units whatever the file system's block size (stat(2)).
    if (!stat || stat.blocks * 512 <= this.#max_bytes) return
    const head = Math.min(LOG_HEAD_BYTES, Math.floor(this.#max_bytes / 4 / BLOCK) * BLOCK)
    const tail = Math.floor((this.#max_bytes - head) / 2)
    const end = Math.floor((stat.size - tail) / BLOCK) * BLOCK
    if (this.#punchable && end > head) this.#punch(head, end - head)
    else this.#truncate()
  }

  #punch(offset: number, length: number): void {
    this.#punching = true
    const child = ownChild(
      spawn('fallocate', ['-p', '-o', String(offset), '-l', String(length), this.#path], { stdio: 'ignore' }),
    )
    const done = (ok: boolean) => {
      if (!this.#punching) return
      this.#punching = false
      if (ok) return
      this.#punchable = false
      this.#truncate()
    }
    child.once('error', () => done(false))
    child.once('exit', code => done(code === 0))
  }

  #truncate(): void {
    try {
      truncateSync(this.#path, 0)
    } catch {
      // The log's directory may be gone; the run matters more than its log.
    }
  }
}
