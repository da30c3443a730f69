/** Words to a command line that a shell reads back as the same words, and the way back for examples in contracts. */

const PLAIN_WORD = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/

/** Joins words into one line that can be pasted into a POSIX shell as it stands. */
export function formatCommandLine(words: readonly string[]): string {
  return words.map(word => (PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
}

/**
 * Splits one simple command as a POSIX shell would: blanks, both kinds of quotes, backslash.
 * @returns the words, or null where the line is more than one plain invocation: an open quote,
 *   an expansion, a pipe, a redirection, a second command
 */
export function splitCommandLine(line: string): string[] | null {
  const words: string[] = []
  let word: string | null = null
  let quote: '"' | "'" | null = null
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    if (quote === "'") {
      if (character === "'") quote = null
      else word = (word ?? '') + character
    } else if (character === '\\') {
      const next = line.charAt(++at)
      if (next === '') return null
      // Within double quotes a backslash escapes only these (POSIX, 2.2.3).
      const literal = quote === '"' && !'"\\$`'.includes(next) ? `\\${next}` : next
      word = (word ?? '') + literal
    } else if (character === '$' || character === '`') {
      return null
    } else if (quote === '"') {
      if (character === '"') quote = null
      else word = (word ?? '') + character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (character === ' ' || character === '\t') {
      if (word !== null) words.push(word)
      word = null
    } else if ('|&;<>()\n'.includes(character)) {
      return null
    } else {
      word = (word ?? '') + character
    }
  }
  if (quote !== null) return null
  if (word !== null) words.push(word)
  return words
}
