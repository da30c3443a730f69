/**
 * Copies of what a program writes: into the run's log, and on to where it would have gone. The program writes as fast
 * as the reader of that takes it, and learns it when that reader has gone.
 */
import type { Readable } from 'node:stream'
import type { Abortable } from '../process/abort-on-demand.js'
import { monotonicMs, pause } from '../process/clock.js'

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
  /** What was written until now is kept, as far as its reader takes it: one who does not is not waited for. */
  settle(): Promise<void>
  /**
   * What was written until now is copied; what leftovers write from now on goes nowhere.
   * @param unread aborted where the reader is waited for no longer: then the rest is kept, and not handed on
   */
  finish(unread: Abortable): Promise<void>
}

/** A pipe without a writer ends at once; one that leftovers hold has given what it held after so long without a byte. */
const SILENCE_MS = 50
/** How long leftovers that never fall silent may keep the end from being recorded, in ms. */
const SETTLING_MS = 1_000

export function copyOutput(stdout: Readable, stderr: Readable, copies: OutputCopies): CopiedOutput {
  const streams = [
    new Copy(stdout, bytes => copies.stdout(bytes), copies.keep),
    new Copy(stderr, bytes => copies.stderr(bytes), copies.keep),
  ]
  return {
    async settle() {
      await Promise.all(streams.map(stream => stream.settle()))
    },
    async finish(unread) {
      await Promise.all(streams.map(stream => stream.finish(unread)))
    },
  }
}

class Copy {
  readonly #stream: Readable
  readonly #done: Promise<void>
  #handing_on: Promise<boolean> | null = null
  #pieces = 0
  #is_unread = false

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
        if (this.#is_unread) return
        stream.pause()
        this.#handing_on = handOn(bytes)
        void this.#handing_on.then(is_read => {
          this.#handing_on = null
          if (this.#is_unread) return
          if (is_read) stream.resume()
          else stream.destroy()
        })
      })
    })
  }

  async settle(): Promise<void> {
    const deadline = monotonicMs() + SETTLING_MS
    for (let before = -1; before !== this.#pieces && monotonicMs() < deadline; ) {
      before = this.#pieces
      if (await this.#isDoneSoon()) return
    }
  }

  async finish(unread: Abortable): Promise<void> {
    const given_up = aborted(unread)
    void given_up.then(() => this.#giveUp())
    for (let is_over = false; !is_over; ) {
      const before = this.#pieces
      const is_done = await this.#isDoneSoon()
      // A reader that has taken the last piece lets the next one come.
      if (this.#handing_on) await Promise.race([this.#handing_on, given_up])
      else is_over = is_done || before === this.#pieces
    }
    this.#stream.destroy()
  }

  #isDoneSoon(): Promise<boolean> {
    return Promise.race([this.#done.then(() => true), pause(SILENCE_MS).then(() => false)])
  }

  #giveUp(): void {
    this.#is_unread = true
    this.#handing_on = null
    this.#stream.resume()
  }
}

function aborted(signal: Abortable): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', resolve))
}
