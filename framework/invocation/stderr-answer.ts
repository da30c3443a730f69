/**
 * The answer of a command whose stdout is a program's: one JSON line on stderr, the last, or a summary for people; or
 * the same line in a file. Written past Node's streams: these would make a pipe non-blocking that leftovers share.
 */
import { writeSync } from 'node:fs'
import type { ResponseEnvelope } from '../../schemas/generated/types.js'
import { colourAllowed } from '../output/color.js'
import type { OutputFormat } from '../output/format.js'
import { renderJson } from '../output/render.js'
import { pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'
import type { Io } from './io.js'
import { stderrFlushed } from './process-io.js'
import type { ReportFile } from './report-file.js'
import type { Verbosity } from './settings.js'
import { withoutTrace } from './thrown.js'

/** Between two attempts to write to a full pipe that somebody made non-blocking, in ms. */
const FULL_PAUSE_MS = 10

export class StderrAnswer {
  readonly is_taken = true
  readonly is_reader_gone = false
  /** Where the answer goes instead. */
  file: ReportFile | null = null
  /** A program has had stderr, too: what it wrote last may lack its line feed, and the report is a line of its own. */
  is_shared = false
  readonly #io: Io
  readonly #whole_process: boolean
  /** Resolves before the program may start: at its end the package may have been replaced. */
  readonly loaded: Promise<unknown>
  /** Null where nobody reads a summary, or where it cannot be loaded. */
  readonly #summary: Promise<typeof import('../output/run-summary.js') | null>

  constructor(io: Io, format: OutputFormat, whole_process: boolean) {
    this.#io = io
    this.#whole_process = whole_process
    const is_read = format === 'human' || format === 'plain'
    this.#summary = is_read ? import('../output/run-summary.js').catch(() => null) : Promise.resolve(null)
    this.loaded = this.#summary
  }

  /** Never rejects: the program's exit code must not hang on who reads. */
  async end(envelope: ResponseEnvelope, verbosity: Verbosity): Promise<void> {
    const unwritten = this.#writeFile(envelope)
    const summary = await this.#summary
    if (summary) {
      const { env, stderr_is_tty } = this.#io
      const colour = colourAllowed({ env, is_tty: stderr_is_tty })
      await this.#write(summary.runSummary(unwritten ?? envelope, { colour, quiet: verbosity === 'quiet' }))
    } else if (this.file === null || unwritten) {
      await this.#write((this.is_shared ? '\n' : '') + renderJson(unwritten ?? envelope))
    }
  }

  /** @returns the envelope with a warning, where the file did not take it */
  #writeFile(envelope: ResponseEnvelope): ResponseEnvelope | null {
    try {
      this.file?.write(renderJson(envelope))
      return null
    } catch (error) {
      const warning = { code: 'REPORT_UNWRITABLE', message: withoutTrace(error) }
      return { ...envelope, warnings: [...envelope.warnings, warning] }
    }
  }

  async #write(text: string): Promise<void> {
    if (text === '') return
    if (!this.#whole_process) {
      this.#io.write_stderr(text)
      return
    }
    await stderrFlushed()
    // The write may block, and no handler of ours could run then: each signal ends us at once.
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.removeAllListeners(signal)
    for (let rest: Uint8Array = Buffer.from(text, 'utf8'); rest.length > 0; ) {
      try {
        rest = rest.subarray(writeSync(2, rest))
      } catch (error) {
        // It is closed, or nobody reads it any more.
        if (errnoOf(error) !== 'EAGAIN') return
        await pause(FULL_PAUSE_MS)
      }
    }
  }
}
