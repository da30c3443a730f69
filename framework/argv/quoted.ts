/** Text from outside, made fit to stand inside a sentence or a table cell: visible, on one line, bounded. */

/**
 * Controls, lone surrogates, line separators, and what reorders or hides text on a terminal. Joiners stay: scripts need
 * them. A function, for making it takes a quarter of a millisecond, and most calls have nothing to escape.
 */
const unprintable = (): RegExp =>
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u{061c}\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}\u{2066}-\u{2069}\u{feff}]/gu

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Replaces every character that a terminal would obey instead of show by a visible escape such as `\n` or `\x1b`. */
export function escapeControls(text: string): string {
  return text.replace(unprintable(), character => SHORT_ESCAPES[character] ?? escapeCodePoint(character))
}

/**
 * One line of at most `max` characters, cut with an ellipsis, never inside an escape or a surrogate pair.
 * @param max characters, at least 1
 */
export function oneLine(text: string, max: number): string {
  // An escape makes text longer, never shorter: what lies beyond the limit cannot come into view.
  const pieces = [...text.slice(0, max * 2 + 2)].map(escapeControls)
  const whole = pieces.join('')
  if (text.length <= max * 2 + 2 && whole.length <= max) return whole
  let kept = ''
  for (const piece of pieces) {
    if (kept.length + piece.length > max - 1) break
    kept += piece
  }
  return `${kept}…`
}

/** The text between single quotes, for a message. */
export function quoted(text: string, max = 80): string {
  return `'${oneLine(text, max)}'`
}

function escapeCodePoint(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}
