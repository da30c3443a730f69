/** Ending a run inside a run that is being stopped, where nobody is left to ask: its owner and its guard are dead. */
import type { StateRoot } from '../store/state-root.js'
import { type EndLostOptions, endLostRun } from './end-lost-run.js'
import { refreshPidFile } from './pid-file.js'
import { viewRun } from './status.js'

/** @throws NodeJS.ErrnoException where the host could not be asked */
export async function endNestedLost(
  root: StateRoot,
  run_id: string,
  options: Pick<EndLostOptions, 'grace_ms' | 'force'>,
): Promise<void> {
  const view = viewRun(root, run_id)
  if (view.owner_state !== 'lost' || view.end) return
  await endLostRun(root, view, { ...options, cause: 'parent_run' })
  if (view.intent) await refreshPidFile(root, view.intent.session_id)
}
