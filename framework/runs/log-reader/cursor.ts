/**
 * One pass through a log that its writers add to and its owner takes from at the same time: every byte that is there
 * when its turn comes, and a word for what was taken before.
 */
import { logHeadBytes } from '../log-shape.js'
import { markedBytes } from '../pane-mark.js'
import { findGap } from './gap.js'
import type { LogFile } from './log-file.js'
import { firstZeroBlock } from './zeros.js'

/** The next part of a log. */
export type LogPiece =
  /** `bytes` is overwritten by the next piece. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** Here something is gone, because the log reached its limit; null where the log was emptied and nobody knows how much. */
  | { readonly kind: 'missing'; readonly bytes: number | null }

/** What one piece holds at most, in bytes. */
const CHUNK_BYTES = 256 * 1024
/** The last bytes that were passed are read again with the next ones: where they differ the log was cut behind us. */
const SEEN_BYTES = 256

export class LogCursor {
  readonly #file: LogFile
  readonly #buffer = Buffer.allocUnsafe(SEEN_BYTES + CHUNK_BYTES)
  #position: number
  #seen: Buffer = Buffer.alloc(0)

  private constructor(file: LogFile, position: number) {
    this.#file = file
    this.#position = position
  }

  static async at(file: LogFile, position: number): Promise<LogCursor> {
    const cursor = new LogCursor(file, position)
    const length = Math.min(position, SEEN_BYTES)
    const seen = await file.read(Buffer.alloc(length), position - length)
    // Else the log was emptied in this moment, which the first look finds out.
    if (seen.length === length) cursor.#seen = seen
    return cursor
  }

  /**
   * What is there before a position, at this moment. Where the log is emptied meanwhile nothing of that is left: what
   * it holds then came later.
   */
  async *upTo(position: number): AsyncGenerator<LogPiece, void> {
    for (;;) {
      const piece = await this.next(position)
      if (piece) yield piece
      if (!piece || (piece.kind === 'missing' && piece.bytes === null)) return
    }
  }

  /**
   * @param until the position behind the last byte that is wanted
   * @returns null where there is nothing more before `until`, at this moment
   */
  async next(until = Number.POSITIVE_INFINITY): Promise<LogPiece | null> {
    if (this.#file.size < this.#position) return this.#emptied()
    if (this.#position >= until) return null
    const begin = this.#position - this.#seen.length
    const wanted = Math.min(this.#buffer.length, until - begin)
    const read = await this.#file.read(this.#buffer.subarray(0, wanted), begin)
    if (!read.subarray(0, this.#seen.length).equals(this.#seen)) {
      if (!this.#isCutBehind(read)) return this.#emptied()
      // The hole begins behind us; whether it reaches ahead of us, the next look tells.
      this.#seen = Buffer.alloc(0)
      return this.next(until)
    }
    let end = read.length
    const zeros = firstZeroBlock(
      read.subarray(this.#seen.length),
      this.#position,
      logHeadBytes(this.#file.max_bytes),
    )
    if (zeros >= 0) {
      const gap = await findGap(this.#file)
      const place = this.#position + zeros
      if (gap && gap.start <= place && place < gap.end) {
        if (zeros === 0) return this.#skip(gap.end)
        end = this.#seen.length + zeros
      }
    }
    // As long as more may come it may be a mark, which is taken out again.
    if (end === read.length && begin + end < until) end = Math.max(this.#seen.length, end - markedBytes(read))
    const bytes = read.subarray(this.#seen.length, end)
    if (bytes.length === 0) return null
    this.#position += bytes.length
    this.#seen = Buffer.from(read.subarray(Math.max(0, end - SEEN_BYTES), end))
    return { kind: 'bytes', bytes }
  }

  /**
   * Whether what was passed is in a hole now, all of it or some. It may be too short for a gap: where the log was emptied
   * while the hole was made, that comes over what was written since.
   * @param read from where the last bytes that were passed begin
   */
  #isCutBehind(read: Buffer): boolean {
    return this.#seen.every((byte, index) => read[index] === byte || read[index] === 0)
  }

  #skip(position: number): LogPiece {
    const bytes = position - this.#position
    this.#position = position
    this.#seen = Buffer.alloc(0)
    return { kind: 'missing', bytes }
  }

  #emptied(): LogPiece {
    this.#position = 0
    this.#seen = Buffer.alloc(0)
    return { kind: 'missing', bytes: null }
  }
}
