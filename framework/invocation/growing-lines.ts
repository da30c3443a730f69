/** The complete lines that were added to a log since the last look. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { errnoOf } from '../process/errno.js'

/** Lines that are kept for a failure, and the bytes of one line that are looked at. */
const LAST_LINES = 10
const MAX_LINE = 64 * 1024
/** What one look reads, in bytes. */
const CHUNK = 256 * 1024

export class GrowingLines {
  readonly #path: string
  readonly #last: string[] = []
  #decoder = new StringDecoder('utf8')
  #offset = 0
  #rest = ''

  constructor(path: string) {
    this.#path = path
  }

  next(): string[] {
    // On a terminal a line ends with both.
    const lines = (this.#rest + this.#read()).split(/\r?\n/)
    this.#rest = (lines.pop() ?? '').slice(-MAX_LINE)
    this.#last.push(...lines)
    this.#last.splice(0, this.#last.length - LAST_LINES)
    return lines
  }

  /** The last ones that were read, the unfinished one included. */
  last(): string[] {
    return [...this.#last, ...(this.#rest === '' ? [] : [this.#rest])].map(line => line.slice(0, 500))
  }

  #read(): string {
    const descriptor = openLog(this.#path)
    if (descriptor === null) return ''
    try {
      // A log that was cut to nothing, because its disk knows no holes, begins again.
      if (fstatSync(descriptor).size < this.#offset) {
        this.#offset = 0
        this.#rest = ''
        this.#decoder = new StringDecoder('utf8')
      }
      const buffer = Buffer.alloc(CHUNK)
      const count = readSync(descriptor, buffer, 0, buffer.length, this.#offset)
      this.#offset += count
      return this.#decoder.write(buffer.subarray(0, count))
    } finally {
      closeSync(descriptor)
    }
  }
}

/** Null where there is none: what is being started may not have opened it yet. */
function openLog(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}
