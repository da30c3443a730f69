/** When an owner looks at its tree: often at first, since most is started then, and the rarer the dearer a look is. */

const FIRST_INTERVALS_MS = [25, 50, 100, 200, 400, 800, 1_600]
const USUAL_INTERVAL_MS = 3_200
/** A look goes through all processes of the host: a hundred owners must not keep it busy with each other. */
const FIRST_SPACING = 20
const USUAL_SPACING = 1_000
const LONGEST_INTERVAL_MS = 30_000

/**
 * @param step how many looks there were since the main process started, or ended
 * @param cost_ms what the last one took
 * @param is_awaited somebody waits for the tree to be empty
 * @returns milliseconds until the next look
 */
export function nextLookMs(step: number, cost_ms: number, is_awaited: boolean): number {
  const first = FIRST_INTERVALS_MS[step]
  if (first !== undefined) return Math.max(first, Math.min(cost_ms * FIRST_SPACING, USUAL_INTERVAL_MS))
  if (is_awaited) return USUAL_INTERVAL_MS
  return Math.min(Math.max(USUAL_INTERVAL_MS, cost_ms * USUAL_SPACING), LONGEST_INTERVAL_MS)
}
