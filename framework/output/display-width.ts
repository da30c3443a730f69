/** How many columns of a terminal a text takes. */

// East Asian Wide and Fullwidth, and what terminals draw as emoji (Unicode Standard Annex 11).
const WIDE =
  /[\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{a4cf}\u{a960}-\u{a97c}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u
// Marks that combine with what stands before them, variation selectors, joiners.
const NO_WIDTH = /\p{Mn}|\p{Me}|\p{Cf}/u

/** Columns of a text without control characters. */
export function displayWidth(text: string): number {
  // Printable ASCII is by far the most.
  if (/^[ -~]*$/.test(text)) return text.length
  let columns = 0
  for (const character of text) columns += characterWidth(character)
  return columns
}

/** The text cut to a number of columns, an ellipsis for what is missing. */
export function cutTo(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  let kept = ''
  let used = 0
  for (const character of text) {
    const width = characterWidth(character)
    if (used + width > columns - 1) break
    kept += character
    used += width
  }
  return `${kept}…`
}

function characterWidth(character: string): number {
  if (NO_WIDTH.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}
