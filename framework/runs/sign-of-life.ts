/**
 * Who ends a run shows that he is at it, for what cannot be ended takes longer than a hung owner is waited for: he
 * touches the file by which the run is known to live.
 */
import { lstatSync, lutimesSync } from 'node:fs'
import type { StateRoot } from '../store/state-root.js'

const INTERVAL_MS = 500
/** Longer than any tree is tried to be ended: who never comes to an end is no better than one that hangs. */
const MOST_SIGNS = 180

/** Does the work, and shows life meanwhile. */
export async function showingLife<T>(root: StateRoot, run_id: string, work: () => Promise<T>): Promise<T> {
  let left = MOST_SIGNS
  const timer = setInterval(() => {
    if (left > 0) show(root, run_id)
    left -= 1
  }, INTERVAL_MS)
  timer.unref()
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

/** A moment that changes as long as somebody shows life; null where nothing is to be seen. */
export function lifeShownAt(root: StateRoot, run_id: string): number | null {
  try {
    return lstatSync(root.live(run_id)).mtimeMs
  } catch {
    return null
  }
}

function show(root: StateRoot, run_id: string): void {
  const now = new Date()
  try {
    lutimesSync(root.live(run_id), now, now)
  } catch {
    // The disk has become read-only, or the file is gone: then he is waited for as long as one that hangs.
  }
}
