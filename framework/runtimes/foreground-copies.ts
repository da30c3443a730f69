/**
 * Copies of what a program writes: into the run's log, and on to where it would have gone. The program writes as fast
 * as the reader of that takes it, and learns it when that reader has gone.
 */
import type { Readable } from 'node:stream'
import { pause } from '../process/clock.js'

export interface OutputCopies {
  /** Keeps bytes of both streams in the order of their coming. */
  keep(bytes: Uint8Array): void
  /**
   * Hands bytes on.
   * @returns false once nobody reads any more
   */
  stdout(bytes: Uint8Array): Promise<boolean>
  stderr(bytes: Uint8Array): Promise<boolean>
  /** Nothing comes any more. */
  close(): void
}

export interface CopiedOutput {
  /** What was written until now is copied; what leftovers write from now on goes nowhere. */
  finish(): Promise<void>
}

/** A pipe without a writer ends at once; one that leftovers hold has given what it held after so long without a byte. */
const SILENCE_MS = 50

export function copyOutput(stdout: Readable, stderr: Readable, copies: OutputCopies): CopiedOutput {
  const streams = [
    new Copy(stdout, bytes => copies.stdout(bytes), copies.keep),
    new Copy(stderr, bytes => copies.stderr(bytes), copies.keep),
  ]
  return {
    async finish() {
      await Promise.all(streams.map(stream => stream.finish()))
    },
  }
}

class Copy {
  readonly #stream: Readable
  readonly #done: Promise<void>
  #handing_on: Promise<boolean> | null = null
  #pieces = 0

  constructor(
    stream: Readable,
    handOn: (bytes: Uint8Array) => Promise<boolean>,
    keep: (bytes: Uint8Array) => void,
  ) {
    this.#stream = stream
    this.#done = new Promise(resolve => {
      stream.on('error', () => resolve())
      stream.on('close', () => resolve())
      stream.on('data', (bytes: Buffer) => {
        this.#pieces += 1
        keep(bytes)
        stream.pause()
        this.#handing_on = handOn(bytes)
        void this.#handing_on.then(is_read => {
          this.#handing_on = null
          if (is_read) stream.resume()
          else stream.destroy()
        })
      })
    })
  }

  async finish(): Promise<void> {
    for (let before = -1; before !== this.#pieces; ) {
      before = this.#pieces
      if (await Promise.race([this.#done.then(() => true), pause(SILENCE_MS).then(() => false)])) return
      await this.#handing_on
    }
    this.#stream.destroy()
  }
}
