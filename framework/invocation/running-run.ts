/** A run that is there already, as an answer of a background command names it. */
import { look } from '../process/liveness.js'
import { logPath } from '../runs/records.js'
import type { RunView } from '../runs/status.js'
import type { StateRoot } from '../store/state-root.js'
import type { BackgroundRun } from './context.js'

/** @returns null where nobody holds the run, or somebody has asked for its end: it would not keep its lifetime */
export function runningRun(root: StateRoot, view: RunView | null): Omit<BackgroundRun, 'is_ready'> | null {
  if (!view?.intent || !view.main || view.stop) return null
  if (view.status !== 'running' || view.owner_state !== 'alive') return null
  // Its end is not recorded before all that it left has ended, too.
  if (look(view.main.main) !== 'alive') return null
  return {
    run_id: view.run_id,
    session_id: view.intent.session_id,
    pid: view.main.main.pid,
    log_path: logPath(root, view.run_id),
    existed: true,
  }
}
