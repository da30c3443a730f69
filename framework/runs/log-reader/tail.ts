/** The end of a log in memory: no more of it than there is room for, and from the beginning of a line on. */
import type { StateRoot } from '../../store/state-root.js'
import { LogCursor, type LogPiece } from './cursor.js'
import { findGap, type Gap } from './gap.js'
import { startOfLastLines } from './last-lines.js'
import type { LogFile } from './log-file.js'
import { openLog } from './open-log.js'

const LINE_FEED = 0x0a

export interface LogTail {
  readonly pieces: readonly LogPiece[]
  /** Something before it was left out for want of room. */
  readonly is_cut: boolean
}

/**
 * @param last_lines how many of the last lines are wanted; null for all
 * @param room in bytes
 * @returns null where there is no log
 * @throws LogUnreadable
 */
export async function readTail(
  root: StateRoot,
  run_id: string,
  last_lines: number | null,
  room: number,
): Promise<LogTail | null> {
  const file = await openLog(root, run_id)
  if (!file) return null
  try {
    const size = await file.end()
    const wanted = last_lines === null ? 0 : await startOfLastLines(file, last_lines, size)
    const gap = await findGap(file)
    const reach = reachOf(size, gap, room)
    const is_cut = reach > wanted
    const start = is_cut ? await nextLine(file, reach, gap && reach < gap.start ? gap.start : size) : wanted
    const cursor = await LogCursor.at(file, start)
    const pieces: LogPiece[] = []
    // Copies: the cursor uses its own again.
    for await (const piece of cursor.upTo(size))
      pieces.push(piece.kind === 'bytes' ? { kind: 'bytes', bytes: Buffer.from(piece.bytes) } : piece)
    return { pieces, is_cut }
  } finally {
    await file.close()
  }
}

/** How far back the room reaches from the end; a hole takes none of it. */
function reachOf(size: number, gap: Gap | null, room: number): number {
  if (!gap || size - gap.end >= room) return Math.max(0, size - room)
  return Math.max(0, gap.start - (room - (size - gap.end)))
}

/** Where the first line after a position begins; the position itself where no line ends before `end`. */
async function nextLine(file: LogFile, position: number, end: number): Promise<number> {
  // A line may begin right here.
  const bytes = await file.read(Buffer.allocUnsafe(end - position + 1), position - 1)
  const feed = bytes.indexOf(LINE_FEED)
  return feed < 0 || feed === bytes.length - 1 ? position : position + feed
}
