/** A log as the lines of one answer: the latest ones, as many as an answer may hold. */
import { externalLine } from '../../framework/output/external-line.js'
import { externalText } from '../../framework/output/sanitize.js'
import { LineSplitter, type LogLine } from '../../framework/runs/log-reader/lines.js'
import type { LogTail } from '../../framework/runs/log-reader/tail.js'
import { missingLine } from './log-missing.js'

/** What the lines of an answer take as JSON: with the rest of the answer less than 1 MiB (REQ-F-052). */
export const LINES_MAX_BYTES = 1_000_000
/** Characters of a line that fits in any case: none takes more than three bytes once it is escaped. */
const LINE_MAX = Math.floor(LINES_MAX_BYTES / 3)

export interface AnsweredLines {
  readonly lines: readonly string[]
  /** Lines were left out at the beginning, or one was cut. */
  readonly is_cut: boolean
  /** Places where something of the log is gone, by their index in `lines`; null where nobody knows how many bytes. */
  readonly gaps: readonly { readonly index: number; readonly missing_bytes: number | null }[]
}

type Item = { readonly text: string; readonly missing_bytes?: number | null; readonly is_cut: boolean }

export function answeredLines({ pieces, is_cut }: LogTail): AnsweredLines {
  const items = itemsOf(pieces)
  let room = LINES_MAX_BYTES
  let first = items.length
  while (first > 0) {
    room -= bytesOf(items[first - 1]?.text ?? '')
    if (room < 0) break
    first -= 1
  }
  // One line is more than all the room: its beginning is more than nothing.
  const last = items.at(-1)
  const kept =
    first === items.length && last
      ? [{ ...last, text: externalText(last.text, LINE_MAX), is_cut: true }]
      : items.slice(first)
  return {
    lines: kept.map(({ text }) => text),
    is_cut: is_cut || first > 0 || kept.some(item => item.is_cut),
    gaps: kept.flatMap(({ missing_bytes }, index) =>
      missing_bytes === undefined ? [] : [{ index, missing_bytes }],
    ),
  }
}

function itemsOf(pieces: LogTail['pieces']): Item[] {
  const splitter = new LineSplitter()
  const line = ({ text, is_cut }: LogLine): Item => ({ text: externalLine(text), is_cut })
  const items = pieces.flatMap(piece =>
    piece.kind === 'bytes'
      ? splitter.push(piece.bytes).map(line)
      : [
          ...splitter.end().map(line),
          { text: missingLine(piece.bytes), missing_bytes: piece.bytes, is_cut: false },
        ],
  )
  return [...items, ...splitter.end().map(line)]
}

/** Of the line and the comma behind it, as JSON. */
const bytesOf = (text: string): number => Buffer.byteLength(JSON.stringify(text), 'utf8') + 1
