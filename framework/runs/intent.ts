/** Writing a run down before anything of it runs: directory, `intent.json`, then its name in `live/`. */
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { publish } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'
import { pruneHistory } from './prune.js'
import { type RunIntent, recordPath } from './records.js'

/**
 * Records the intent of a run. After it returns the run is known to every reader as `pending`.
 * @throws NodeJS.ErrnoException where the disk refuses; nothing of the run is left then
 */
export function recordIntent(root: StateRoot, intent: RunIntent): void {
  const directory = root.run(intent.run_id)
  mkdirSync(directory, { mode: 0o700 })
  try {
    publish(recordPath(root, intent.run_id, 'intent'), intent, { sync: true })
    closeSync(openSync(root.live(intent.run_id), 'wx', 0o600))
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
  pruneHistory(root, intent.run_id)
}

/** Takes a run's name out of `live/`: nothing of it is alive any more, and it has an end. */
export function leaveLive(root: StateRoot, run_id: string): void {
  rmSync(root.live(run_id), { force: true })
}
