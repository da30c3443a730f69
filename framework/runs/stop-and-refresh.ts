/** Stopping runs, and the pid files of their sessions with them. */
import type { StateRoot } from '../store/state-root.js'
import { refreshPidFile } from './pid-file.js'
import { readIntent } from './records.js'
import { type StopOptions, stopRuns } from './stop.js'
import type { StopResult } from './stop-result.js'

/** As `stopRuns`; when it resolves, the pid files tell what still lives. */
export async function stopAndRefresh(
  root: StateRoot,
  run_ids: readonly string[],
  options: StopOptions,
): Promise<StopResult[]> {
  const stopped = await stopRuns(root, run_ids, options)
  const sessions = new Set<string>()
  for (const run_id of run_ids) {
    const intent = readIntent(root, run_id)
    if (intent.state === 'ok') sessions.add(intent.record.session_id)
  }
  for (const session_id of sessions) await refreshPidFile(root, session_id)
  return stopped
}
