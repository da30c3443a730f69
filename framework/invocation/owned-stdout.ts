/**
 * Stdout in the hands of a built-in command whose business is a stream: it writes as it goes, and the answer is only
 * the stream's end. Authors' commands cannot reach it.
 */
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import type { OutputFormat } from '../output/format.js'
import { monotonicMs, pause } from '../process/clock.js'
import type { StateRoot } from '../store/state-root.js'
import type { BaseContext } from './context.js'
import { FrameworkExit } from './framework-exit.js'
import { ReaderGone } from './io.js'
import type { LostReader } from './lost-reader.js'
import type { Verbosity } from './settings.js'

/** How long a call that was cut short waits for a reader that has stopped reading, in ms. */
const STUCK_READER_MS = 500

/** Between two looks of a stream that has nothing to write whether somebody reads it, in ms. */
const READER_LOOK_MS = 1_000

/** What a stream needs of an `Io`. */
export interface StreamIo {
  readonly stdout_descriptor: number | null
  /**
   * Hands bytes to the reader, any number of times; resolves when it has taken them.
   * @throws ReaderGone
   */
  stream_stdout(bytes: Uint8Array): Promise<void>
  write_stderr(text: string): void
}

export class OwnedStdout {
  /** The form that the caller wants. */
  readonly format: OutputFormat
  readonly #io: StreamIo
  #is_taken = false
  #is_closed = false
  #gone: ReaderGone | null = null
  #pending: Promise<void> | null = null
  /** When the reader was last known to be there. */
  #seen_ms = 0
  #lost: Promise<LostReader | null> | null = null
  #loading: Promise<typeof import('../output/stream-end.js')> | null = null

  constructor(io: StreamIo, format: OutputFormat) {
    this.#io = io
    this.format = format
  }

  /** Whether the command writes to stdout itself: then its answer is the end of a stream. */
  get is_taken(): boolean {
    return this.#is_taken
  }

  /** Whether the reader has closed its end: nobody is left to be told anything (REQ-F-014). */
  get is_reader_gone(): boolean {
    return this.#gone !== null
  }

  /** From now on the answer is a stream, whether anything is written or not. */
  take(): this {
    this.#is_taken = true
    this.#seen_ms = monotonicMs()
    this.#load().catch(() => {})
    return this
  }

  /** With the first item: at the end of a stream that lasts for days the package may have been replaced. */
  #load(): Promise<typeof import('../output/stream-end.js')> {
    this.#loading ??= import('../output/stream-end.js')
    return this.#loading
  }

  /**
   * Writes, and resolves when the reader has taken all of it; only then the next piece may be made, so that a slow
   * reader slows the writer down and fills no memory.
   * @param content bytes are not kept
   * @throws ReaderGone; FrameworkExit `STDOUT_UNWRITABLE`; Error once the call is being answered
   */
  async write(content: string | Uint8Array): Promise<void> {
    if (this.#is_closed) throw new Error('the call is being answered: its stream has ended')
    if (content.length === 0) return
    this.#pending = this.#io.stream_stdout(bytesOf(content))
    try {
      await this.#pending
      this.#seen_ms = monotonicMs()
    } catch (error) {
      if (!(error instanceof ReaderGone)) throw unwritable(error)
      this.#gone = error
      throw error
    } finally {
      this.#pending = null
    }
  }

  /**
   * Pauses a stream that has nothing to write. Once a second it looks whether the reader has gone, where that can be
   * asked: else the next write tells, and on a quiet day there is none.
   * @param root where it is recorded whether the native module can be used; null where nothing is recorded yet
   * @throws ReaderGone
   */
  async idle(ms: number, signal: AbortSignal, root: StateRoot | null): Promise<void> {
    await pause(ms, signal)
    const descriptor = this.#io.stdout_descriptor
    if (descriptor === null || signal.aborted || monotonicMs() - this.#seen_ms < READER_LOOK_MS) return
    // Not before: what it loads is dear, and most streams end sooner or have something to say.
    this.#lost ??= import('./lost-reader.js').then(
      ({ lostReader }) => lostReader(descriptor, root, signal),
      // The package was removed or replaced meanwhile.
      () => null,
    )
    this.#gone = (await this.#lost)?.() ?? null
    if (this.#gone) throw this.#gone
    this.#seen_ms = monotonicMs()
  }

  /**
   * Ends the stream with what its form has for it: a last line, or nothing but what people are told on stderr.
   * @throws ReaderGone
   */
  async end(envelope: ResponseEnvelope, verbosity: Verbosity): Promise<void> {
    this.#is_closed = true
    if (this.#gone) throw this.#gone
    const { renderStreamEnd } = await this.#load()
    const { stdout, stderr } = renderStreamEnd(envelope, this.format)
    if (stderr !== '' && verbosity !== 'quiet') this.#io.write_stderr(stderr)
    // Cut short in the middle of a write, to a reader that may never read on.
    const pending = this.#pending?.then(() => true)
    if (pending && !(await Promise.race([pending, pause(STUCK_READER_MS).then(() => false)]))) return
    if (stdout !== '') await this.#io.stream_stdout(bytesOf(stdout))
  }
}

const known = new WeakMap<BaseContext, OwnedStdout>()

export function attachStdout(ctx: BaseContext, stdout: OwnedStdout): void {
  known.set(ctx, stdout)
}

/** Stdout of the call; null where it is part of another call, which answers for it. */
export const stdoutOf = (ctx: BaseContext): OwnedStdout | null => known.get(ctx) ?? null

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? Buffer.from(content, 'utf8') : content

const unwritable = (error: unknown): FrameworkExit =>
  new FrameworkExit('GENERAL_ERROR', 'STDOUT_UNWRITABLE', 'stdout could not be written', {
    cause: error instanceof Error ? error.message : String(error),
    fix_required: 'give the call a stdout that can be written',
  })
