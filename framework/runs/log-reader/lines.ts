/** Bytes cut into lines: text of any bytes, lines of any length, none of them kept whole beyond a bound. */

/** What is kept of one line, in bytes. */
export const LINE_MAX_BYTES = 1024 * 1024

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

export interface LogLine {
  /** Without its line end; what is no UTF-8 is U+FFFD. */
  readonly text: string
  /** The length of the whole line. */
  readonly bytes: number
  /** `text` is only the beginning of it. */
  readonly is_cut: boolean
}

export class LineSplitter {
  #kept: Buffer[] = []
  #kept_bytes = 0
  #bytes = 0

  /** @returns the lines that these bytes end */
  push(bytes: Buffer): LogLine[] {
    const lines: LogLine[] = []
    let begin = 0
    for (;;) {
      const end = bytes.indexOf(LINE_FEED, begin)
      if (end < 0) break
      lines.push(this.#ended(bytes.subarray(begin, end)))
      begin = end + 1
    }
    this.#keep(bytes.subarray(begin))
    return lines
  }

  /** @returns the line that nothing ended, if there is one */
  end(): LogLine[] {
    return this.#bytes === 0 ? [] : [this.#ended(Buffer.alloc(0))]
  }

  #keep(part: Buffer): void {
    const kept = part.subarray(0, LINE_MAX_BYTES - this.#kept_bytes)
    // A copy: what we are given is overwritten by what comes next.
    if (kept.length > 0) this.#kept.push(Buffer.from(kept))
    this.#kept_bytes += kept.length
    this.#bytes += part.length
  }

  #ended(last: Buffer): LogLine {
    if (this.#bytes === 0 && last.length <= LINE_MAX_BYTES) return whole(last)
    this.#keep(last)
    const [bytes, kept] = [this.#bytes, Buffer.concat(this.#kept)]
    this.#kept = []
    this.#kept_bytes = 0
    this.#bytes = 0
    if (bytes === kept.length) return whole(kept)
    return { text: kept.toString('utf8', 0, characterEnd(kept)), bytes, is_cut: true }
  }
}

function whole(line: Buffer): LogLine {
  const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length
  return { text: line.toString('utf8', 0, end), bytes: line.length, is_cut: false }
}

/** The end of the last whole character: those that continue one are 10xxxxxx (UTF-8). */
function characterEnd(bytes: Buffer): number {
  let begin = bytes.length - 1
  while (begin > 0 && begin > bytes.length - 4 && ((bytes[begin] ?? 0) & 0xc0) === 0x80) begin -= 1
  return ((bytes[begin] ?? 0) & 0xc0) === 0xc0 ? begin : bytes.length
}
