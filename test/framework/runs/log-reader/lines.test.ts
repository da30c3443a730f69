/** Bytes as lines: however they come in, and whatever they are. */
import { expect, test } from 'vitest'
import { LINE_MAX_BYTES, LineSplitter, type LogLine } from '../../../../framework/runs/log-reader/lines.js'

/** The lines of bytes that come in parts of a given size. */
function split(bytes: Buffer, part = bytes.length): LogLine[] {
  const splitter = new LineSplitter()
  const lines: LogLine[] = []
  for (let begin = 0; begin < bytes.length; begin += part)
    // Each part is overwritten afterwards, as a reader's buffer is.
    lines.push(
      ...overwritten(Buffer.from(bytes.subarray(begin, begin + part)), given => splitter.push(given)),
    )
  return [...lines, ...splitter.end()]
}

function overwritten(bytes: Buffer, use: (bytes: Buffer) => LogLine[]): LogLine[] {
  const lines = use(bytes)
  bytes.fill('#')
  return lines
}

const texts = (lines: readonly LogLine[]): string[] => lines.map(({ text }) => text)

test.each([1, 2, 3, 7, 1_000])('lines that come in parts of %i bytes are whole', part => {
  const bytes = Buffer.from('plain\r\nzwei Wörter\n\n日本語 🚀\nlast')
  expect(texts(split(bytes, part))).toEqual(['plain', 'zwei Wörter', '', '日本語 🚀', 'last'])
})

test('bytes that are no UTF-8 become U+FFFD, each line by itself', () => {
  const bytes = Buffer.concat([
    Buffer.from([0xff, 0xfe, 0x0a]),
    Buffer.from('fine\n'),
    Buffer.from([0xe2, 0x82]),
  ])
  expect(texts(split(bytes))).toEqual(['\ufffd\ufffd', 'fine', '\ufffd'])
})

test('a line feed at the very end begins no further line', () => {
  expect(texts(split(Buffer.from('a\n')))).toEqual(['a'])
  expect(split(Buffer.alloc(0))).toEqual([])
})

test('a line of any length is passed on up to the bound, and tells its length', () => {
  const long = Buffer.from(`${'x'.repeat(3 * LINE_MAX_BYTES)}\nshort\n`)
  for (const part of [65_536, long.length]) {
    const [line, next] = split(long, part)
    expect(line).toEqual({ text: 'x'.repeat(LINE_MAX_BYTES), bytes: 3 * LINE_MAX_BYTES, is_cut: true })
    expect(next).toEqual({ text: 'short', bytes: 5, is_cut: false })
  }
})

test('a line of exactly the bound is whole', () => {
  const [line] = split(Buffer.from(`${'x'.repeat(LINE_MAX_BYTES)}\n`), 10_000)
  expect(line).toMatchObject({ bytes: LINE_MAX_BYTES, is_cut: false })
})

test('no character is cut in half', () => {
  const [line] = split(Buffer.from('é'.repeat(LINE_MAX_BYTES)).subarray(1))
  expect(line?.is_cut).toBe(true)
  // The first byte is the second half of a character; everything behind it is whole.
  expect(line?.text.slice(1)).toMatch(/^é+$/)
})
