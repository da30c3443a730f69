/**
 * Writes lines to stdout: whole, in order, each batch as soon as it is there. Who adds lines awaits `flush`, so that
 * a slow reader slows the watcher down and does not fill its memory.
 */
import { fstatSync, write } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { errnoOf } from './disk.js'

const STDOUT = 1
/** Characters in one write, unless a single line is longer. */
const PIECE = 65_536
/** A full disk is tried again after this long: no line is lost for it. */
const FULL_DISK_PAUSE_MS = 1_000

export class LineOutput {
  #lines: string[] = []
  readonly #put: (piece: Buffer) => Promise<void>

  constructor() {
    // A write that waits for the reader of a pipe must not hold a thread: exit would wait for it (measured).
    const stats = fstatSync(STDOUT)
    this.#put = stats.isFIFO() || stats.isSocket() ? toStream : toFile
    if (this.#put === toStream) process.stdout.on('error', () => undefined)
  }

  add(line: string): void {
    this.#lines.push(line)
  }

  /** Resolves when all lines are written; rejects with the system error, EPIPE when nobody reads any more. */
  async flush(): Promise<void> {
    const lines = this.#lines
    this.#lines = []
    let piece = ''
    for (const line of lines) {
      if (piece && piece.length + line.length > PIECE) {
        await this.#put(Buffer.from(piece))
        piece = ''
      }
      piece += line
    }
    if (piece) await this.#put(Buffer.from(piece))
  }
}

/** Whether the error says that nobody reads the lines any more. */
export function isReaderGone(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'EPIPE' || errno === 'ECONNRESET' || errno === 'ERR_STREAM_DESTROYED'
}

function toStream(piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(piece, error => (error ? reject(error) : resolve()))
  })
}

async function toFile(piece: Buffer): Promise<void> {
  for (let rest = piece; rest.length > 0; ) {
    try {
      rest = rest.subarray(await written(rest))
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'EAGAIN') await pause(20)
      else if (errno === 'ENOSPC' || errno === 'EDQUOT') await pause(FULL_DISK_PAUSE_MS)
      else throw error
    }
  }
}

function written(bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(STDOUT, bytes, (error, count) => (error ? reject(error) : resolve(count)))
  })
}
