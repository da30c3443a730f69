/** Reading a run's log piece by piece: as it is now, or as it grows until the run has ended. Memory stays flat. */
import { pause } from '../../process/clock.js'
import type { StateRoot } from '../../store/state-root.js'
import { type Course, EndWatch } from '../end-watch.js'
import { LogCursor, type LogPiece } from './cursor.js'
import { startOfLastLines } from './last-lines.js'
import type { LogFile } from './log-file.js'
import { openLog } from './open-log.js'

/** Between two looks at a log that is followed, in ms: the longer nothing comes, the rarer. No fs.watch: a user has few. */
const SHORTEST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 200

export interface LogRequest {
  readonly root: StateRoot
  readonly run_id: string
  /** How many of the last lines to begin with; null for all. */
  readonly last_lines: number | null
  /** Go on until the run is over. */
  readonly follow: boolean
  /** Ends the reading. */
  readonly signal: AbortSignal
  /** Waits so long, in ms, for more to come; what it throws ends the reading. Left out: by the clock. */
  readonly wait?: (ms: number) => Promise<void>
}

/**
 * Yields the log; nothing where there is none. A piece is valid until the next one is asked for.
 * Without `follow` it ends at the byte that was the last when it began, or where the log was emptied meanwhile.
 * @throws LogUnreadable
 */
export async function* readLog(request: LogRequest): AsyncGenerator<LogPiece, void> {
  const { root, run_id, last_lines, follow, signal } = request
  const wait = waitOf(request)
  const watch = new EndWatch(root, run_id)
  const file = await opened(request, watch)
  if (!file) return
  try {
    const size = await file.end()
    const start = last_lines === null ? 0 : await startOfLastLines(file, last_lines, size)
    const cursor = await LogCursor.at(file, start)
    if (!follow) {
      for await (const piece of cursor.upTo(size)) {
        if (signal.aborted) return
        yield piece
      }
      return
    }
    for (let pause_ms = SHORTEST_PAUSE_MS; ; pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_MS)) {
      // Asked before the reading: what was written until the end is in the file then, whoever of the run wrote it.
      const is_last = isLastWord(watch.look())
      const until = is_last ? await file.end() : Number.POSITIVE_INFINITY
      for (;;) {
        const piece = await cursor.next(until)
        if (signal.aborted) return
        if (!piece) break
        pause_ms = SHORTEST_PAUSE_MS
        yield piece
      }
      if (is_last) return
      await wait(pause_ms)
      if (signal.aborted) return
    }
  } finally {
    await file.close()
  }
}

/** A lost run writes on, and its end is seen. That of one of which no record can be used may never be. */
const isLastWord = (course: Course): boolean => course === 'over' || course === 'untold'

/** The log; when followed, as soon as there is one. */
async function opened(request: LogRequest, watch: EndWatch): Promise<LogFile | null> {
  const { root, run_id, follow, signal } = request
  const wait = waitOf(request)
  for (;;) {
    const is_last = !follow || isLastWord(watch.look()) || signal.aborted
    const file = await openLog(root, run_id)
    if (file || is_last) return file
    await wait(LONGEST_PAUSE_MS)
  }
}

const waitOf = ({ wait, signal }: LogRequest) => wait ?? ((ms: number) => pause(ms, signal))
