/** Durations as people write them on a command line. */

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** The declared pattern of a flag that takes a duration. */
export const DURATION_PATTERN = '^(0|[1-9][0-9]{0,8})(ms|s|m|h|d)?$'

/**
 * Reads `500ms`, `60s`, `2m`, `1h`, `7d`; a bare integer is seconds (contract B-12).
 * @returns milliseconds, or null where the text is no duration
 */
export function parseDuration(text: string): number | null {
  const match = new RegExp(DURATION_PATTERN).exec(text)
  if (!match?.[1]) return null
  const unit = match[2] ?? 's'
  return Number(match[1]) * UNITS[unit as keyof typeof UNITS]
}
