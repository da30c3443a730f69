/** The nearest real word to one that was mistyped. */

/**
 * Candidates near enough to be what was meant, nearest first.
 * @param max how many at most
 */
export function nearest(word: string, candidates: Iterable<string>, max = 3): string[] {
  const scored: { candidate: string; distance: number }[] = []
  for (const candidate of new Set(candidates)) {
    const distance = remoteness(word, candidate)
    if (distance !== null) scored.push({ candidate, distance })
  }
  // Not localeCompare: the order must not depend on the locale (REQ-F-005).
  scored.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
  return scored.slice(0, max).map(({ candidate }) => candidate)
}

/**
 * How far a word is from a real one: few edits, or a beginning of at least three letters.
 * @returns null where it is too far to have been meant
 */
export function remoteness(word: string, candidate: string): number | null {
  const typed = word.toLowerCase()
  const real = candidate.toLowerCase()
  if (typed === real) return 0
  // One letter says nothing; of longer words a third may be wrong.
  const allowed = typed.length < 2 ? 0 : Math.max(1, Math.floor(Math.max(typed.length, real.length) / 3))
  const distance = editDistance(typed, real)
  if (distance <= allowed) return distance
  return typed.length >= 3 && real.startsWith(typed) ? allowed + 1 : null
}

/** Edits between two words, a transposition of neighbours counting as one (Damerau-Levenshtein, restricted). */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(
        at(above, column) + 1,
        at(current, column - 1) + 1,
        at(above, column - 1) + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        cost = Math.min(cost, at(before, column - 2) + 1)
      current.push(cost)
    }
    before = above
    above = current
  }
  return at(above, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
