/**
 * What a page shows against what was printed. Ids, times and pids differ from call to call, so they count by their
 * form; `…` stands for any text, a member `"…": "…"` for any more members.
 */

/** @returns where the two differ; null where the page tells the truth */
export function jsonDifference(shown: unknown, printed: unknown, place = 'it'): string | null {
  if (Array.isArray(shown) && Array.isArray(printed)) {
    if (shown.length !== printed.length)
      return `${place} has ${printed.length} items, the page shows ${shown.length}`
    return firstOf(shown.map((item, index) => jsonDifference(item, printed[index], `${place}[${index}]`)))
  }
  if (isRecord(shown) && isRecord(printed)) {
    const { '…': more, ...members } = shown
    const unknown = Object.keys(printed).filter(key => !Object.hasOwn(members, key))
    if (more === undefined && unknown.length > 0) return `${place} also has ${unknown.join(', ')}`
    return firstOf(
      Object.entries(members).map(([key, value]) =>
        Object.hasOwn(printed, key)
          ? jsonDifference(value, printed[key], `${place}.${key}`)
          : `${place} has no ${key}`,
      ),
    )
  }
  if (typeof shown === 'string' && typeof printed === 'string')
    return textMatches(shown, printed) ? null : `${place} is ${JSON.stringify(printed)}`
  if (typeof shown === 'number' && typeof printed === 'number' && isMeasured(place)) return null
  return shown === printed ? null : `${place} is ${JSON.stringify(printed)}`
}

/** Whether a text of a page is what was printed. Runs of blanks count as one: a column is as wide as its widest id. */
export function textMatches(shown: string, printed: string): boolean {
  const pattern = blank(formOf(shown)).split('…').map(escaped).join('[^]*')
  return new RegExp(`^${pattern}$`, 'u').test(blank(formOf(printed)))
}

const blank = (text: string): string => text.trim().replace(/[ \t]+/g, ' ')

/** Pids, durations and sizes. */
const isMeasured = (place: string): boolean =>
  /(?:pid|pgid|_ms|bytes|bytes_freed|duration|ino|start_time)$/.test(place)

function formOf(text: string): string {
  return text
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uuid>')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z\b/g, '<time>')
    .replace(/\b[0-9a-f]{64}\b/g, '<sha256>')
    .replace(/\b[0-9a-f]{12}\b/g, '<run>')
}

const firstOf = (differences: readonly (string | null)[]): string | null =>
  differences.find(difference => difference !== null) ?? null

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
