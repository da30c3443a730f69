/** What a tracked child writes to one of its streams, kept up to a limit; the rest is read and dropped. */
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { monotonicMs, pause } from '../process/clock.js'

/** A stream that somebody else still holds is read until nothing came for this long, in ms. */
const QUIET_MS = 100
/** What the main process wrote is in the pipe when it ends, so a holder that never falls silent delays nobody for longer. */
const NOISY_MS = 1_000

export class ChildOutput {
  readonly #chunks: Buffer[] = []
  readonly #limit: number
  readonly #stream: Readable | null
  /** Resolves when nobody holds the other end any more. */
  readonly closed: Promise<void>
  #kept = 0
  #seen = 0
  #is_open = true
  #is_taken = false
  #truncated = false

  /** @param limit bytes kept */
  constructor(stream: Readable | null, limit: number) {
    this.#limit = limit
    this.#stream = stream
    this.closed = new Promise(resolve => {
      const closed = (): void => {
        this.#is_open = false
        resolve()
      }
      if (!stream) return closed()
      stream.on('data', (chunk: Buffer) => this.#add(chunk))
      // A stream that failed is closed right after; what came before it stays.
      stream.on('error', () => {})
      stream.on('close', closed)
    })
  }

  get truncated(): boolean {
    return this.#truncated
  }

  /** Resolves when all that the main process wrote has arrived; asked for after its end. */
  async settled(): Promise<void> {
    const deadline = monotonicMs() + NOISY_MS
    while (this.#is_open && monotonicMs() < deadline) {
      const seen = this.#seen
      await Promise.race([this.closed, pause(QUIET_MS)])
      // Time alone proves no silence in a process that was busy: the pipe must have been asked as well.
      await new Promise(resolve => setImmediate(resolve))
      if (this.#seen === seen) return
    }
  }

  /** The text so far; what comes later is still read, so that nobody blocks on a full pipe, and forgotten. */
  take(): string {
    this.#is_taken = true
    const bytes = Buffer.concat(this.#chunks)
    this.#chunks.length = 0
    // A limit may fall inside a character, of which nothing is better than half.
    return this.#truncated ? new StringDecoder('utf8').write(bytes) : bytes.toString('utf8')
  }

  /** Whatever comes now is nobody's. */
  close(): void {
    this.#stream?.destroy()
  }

  #add(chunk: Buffer): void {
    this.#seen += chunk.length
    if (this.#is_taken) return
    const room = this.#limit - this.#kept
    if (chunk.length > room) this.#truncated = true
    if (room <= 0) return
    // A copy: a part of a chunk would keep the whole of it.
    const kept = chunk.length > room ? Buffer.from(chunk.subarray(0, room)) : chunk
    this.#kept += kept.length
    this.#chunks.push(kept)
  }
}
