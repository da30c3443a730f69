/** A log on its way to stdout: the bytes as they are, or an item a line. Counts what it passes on. */
import type { OwnedStdout } from '../../framework/invocation/owned-stdout.js'
import { externalLine } from '../../framework/output/external-line.js'
import type { LogPiece } from '../../framework/runs/log-reader/cursor.js'
import { LineSplitter, type LogLine } from '../../framework/runs/log-reader/lines.js'
import { missingLine } from './log-missing.js'

export interface Streamed {
  readonly bytes: number
  /** Null where bytes were passed on as they are. */
  readonly lines: number | null
  /** Places where something of the log was gone. */
  readonly gaps: number
  /** Lines that were too long to be passed on whole. */
  readonly cut_lines: number
}

/** @throws ReaderGone; LogUnreadable */
export function streamLog(pieces: AsyncIterable<LogPiece>, stdout: OwnedStdout): Promise<Streamed> {
  const { format } = stdout.take()
  if (format === 'human' || format === 'plain') return streamBytes(pieces, stdout)
  return streamLines(pieces, stdout, format === 'tsv' ? TSV : JSON_LINES)
}

const LINE_FEED = 0x0a

async function streamBytes(pieces: AsyncIterable<LogPiece>, stdout: OwnedStdout): Promise<Streamed> {
  let bytes = 0
  let gaps = 0
  let is_line_begin = true
  for await (const piece of pieces) {
    if (piece.kind === 'missing') {
      gaps += 1
      await stdout.write(`${is_line_begin ? '' : '\n'}${missingLine(piece.bytes)}\n`)
      is_line_begin = true
    } else {
      bytes += piece.bytes.length
      await stdout.write(piece.bytes)
      is_line_begin = piece.bytes.at(-1) === LINE_FEED
    }
  }
  return { bytes, lines: null, gaps, cut_lines: 0 }
}

/** How items are written. */
interface ItemForm {
  /** What comes before the first item. */
  readonly header: string
  line(line: LogLine): string
  missing(bytes: number | null): string
}

/** What is no line of the program has a member that no program can forge. */
const JSON_LINES: ItemForm = {
  header: '',
  line: ({ text, bytes, is_cut }) =>
    json({ line: externalLine(text), ...(is_cut ? { truncated: true, bytes } : {}) }),
  missing: bytes => json({ line: missingLine(bytes), missing_bytes: bytes }),
}

const TSV: ItemForm = {
  header: 'line\n',
  line: ({ text }) => `${externalLine(text).replaceAll('\\', '\\\\').replaceAll('\t', '\\t')}\n`,
  missing: bytes => `${missingLine(bytes)}\n`,
}

const json = (item: object): string => `${JSON.stringify(item)}\n`

async function streamLines(
  pieces: AsyncIterable<LogPiece>,
  stdout: OwnedStdout,
  form: ItemForm,
): Promise<Streamed> {
  const splitter = new LineSplitter()
  let [bytes, lines, gaps, cut_lines] = [0, 0, 0, 0]
  const items = (ended: readonly LogLine[]): string => {
    lines += ended.length
    cut_lines += ended.filter(({ is_cut }) => is_cut).length
    return ended.map(line => form.line(line)).join('')
  }
  await stdout.write(form.header)
  for await (const piece of pieces) {
    if (piece.kind === 'missing') {
      gaps += 1
      await stdout.write(items(splitter.end()) + form.missing(piece.bytes))
    } else {
      bytes += piece.bytes.length
      await stdout.write(items(splitter.push(piece.bytes)))
    }
  }
  await stdout.write(items(splitter.end()))
  return { bytes, lines, gaps, cut_lines }
}
