/** Waiting until a background program can be used: a line of its log says so, or its end says that it never will. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { monotonicMs, pause } from '../process/clock.js'
import { logPath, publishReady, type RunReady } from '../runs/records.js'
import { isOver, viewRun } from '../runs/status.js'
import type { StateRoot } from '../store/state-root.js'
import { FrameworkExit } from './framework-exit.js'

const DEFAULT_TIMEOUT_SECONDS = 30
const POLL_MS = 15
/** Lines of the log that a failure shows, and the bytes of one line that are looked at. */
const LAST_LINES = 10
const MAX_LINE = 64 * 1024
/** What one look reads of the log, in bytes. */
const CHUNK = 256 * 1024

export interface ReadyWhen {
  readonly log: RegExp
  readonly timeout_seconds?: number
}

/**
 * Resolves when a line of the run's log matches.
 * @throws FrameworkExit `NOT_READY` (exit 1) with the program's exit code and last lines where it ended before;
 *   `READY_TIMEOUT` (exit 10) where it took too long; rejects with the signal's reason when the call is stopped
 */
export async function awaitReadiness(
  root: StateRoot,
  run_id: string,
  ready: ReadyWhen,
  signal: AbortSignal,
): Promise<void> {
  const timeout_seconds = ready.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS
  const deadline = monotonicMs() + timeout_seconds * 1_000
  const lines = new GrowingLines(logPath(root, run_id))
  for (;;) {
    signal.throwIfAborted()
    // The order matters: a run that is over has written its last line before we look for it.
    const view = viewRun(root, run_id)
    if (lines.next().some(line => matches(ready.log, line))) return sayReady(root, run_id, 'log')
    if (isOver(view)) {
      throw new FrameworkExit('GENERAL_ERROR', 'NOT_READY', 'the program ended before it was ready', {
        context: {
          run_id,
          program_exit_code: view.end?.exit_code ?? null,
          program_signal: view.end?.signal ?? null,
          last_lines: lines.last(),
        },
        fix_required: 'the last lines of the log tell why it ended',
      })
    }
    if (monotonicMs() >= deadline) {
      throw new FrameworkExit(
        'TIMEOUT',
        'READY_TIMEOUT',
        `the program was not ready after ${timeout_seconds} s`,
        {
          context: { run_id, timeout_seconds, last_lines: lines.last() },
          fix_required: 'see the last lines of its log; give it more time where it was only slow',
        },
      )
    }
    await pause(POLL_MS, signal)
  }
}

/** Puts it on record for `events`. What the disk does not take makes nothing less ready. */
function sayReady(root: StateRoot, run_id: string, by: RunReady['by']): void {
  try {
    publishReady(root, run_id, by)
  } catch {
    // The answer of the call says it all the same.
  }
}

/** An expression with the flag `g` or `y` goes on where it stopped; here every line is a new text. */
function matches(expression: RegExp, line: string): boolean {
  expression.lastIndex = 0
  return expression.test(line)
}

/** The complete lines that were added to a file since the last look. */
class GrowingLines {
  readonly #path: string
  readonly #last: string[] = []
  #decoder = new StringDecoder('utf8')
  #offset = 0
  #rest = ''

  constructor(path: string) {
    this.#path = path
  }

  next(): string[] {
    const lines = (this.#rest + this.#read()).split('\n')
    this.#rest = (lines.pop() ?? '').slice(-MAX_LINE)
    this.#last.push(...lines)
    this.#last.splice(0, this.#last.length - LAST_LINES)
    return lines
  }

  last(): string[] {
    return [...this.#last, ...(this.#rest === '' ? [] : [this.#rest])].map(line => line.slice(0, 500))
  }

  #read(): string {
    const descriptor = openSync(this.#path, 'r')
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
