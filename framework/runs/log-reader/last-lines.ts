/** Where the last lines of a log begin: found from its end, so that the cost follows what is asked for. */
import { findGap } from './gap.js'
import type { LogFile } from './log-file.js'

const CHUNK_BYTES = 64 * 1024
const LINE_FEED = 0x0a

/**
 * @param count how many lines; a last one without a line feed is one, too
 * @param size where the log ends: more may have come since
 * @returns a position; the end of the log for none
 */
export async function startOfLastLines(file: LogFile, count: number, size: number): Promise<number> {
  if (count <= 0 || size === 0) return size
  const gap = await findGap(file)
  if (!gap || gap.end >= size) return startWithin(file, 0, size, count).then(({ start }) => start)
  const behind = await startWithin(file, gap.end, size, count)
  if (behind.missing === 0) return behind.start
  // A line that the hole cuts counts as two: its halves are shown apart.
  return startWithin(file, 0, gap.start, behind.missing).then(({ start }) => start)
}

/** @returns where the last `count` lines of a part begin, and how many lines it is short of */
async function startWithin(
  file: LogFile,
  from: number,
  to: number,
  count: number,
): Promise<{ readonly start: number; readonly missing: number }> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  let missing = count
  for (let end = to; end > from; ) {
    const begin = Math.max(from, end - CHUNK_BYTES)
    const bytes = await file.read(buffer.subarray(0, end - begin), begin)
    // The very last line feed ends the last line and begins none.
    let index = end === to ? bytes.length - 1 : bytes.length
    while (index > 0) {
      index = bytes.lastIndexOf(LINE_FEED, index - 1)
      if (index < 0) break
      missing -= 1
      if (missing === 0) return { start: begin + index + 1, missing }
    }
    end = begin
  }
  return { start: from, missing: missing - 1 }
}
