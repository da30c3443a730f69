/** Opening the log of a run, with the limit that its intent gave it. */
import type { StateRoot } from '../../store/state-root.js'
import { logPath, readIntent } from '../records.js'
import { LogFile } from './log-file.js'

/**
 * @returns null where there is none: nothing was started yet, or the run keeps none
 * @throws LogUnreadable
 */
export async function openLog(root: StateRoot, run_id: string): Promise<LogFile | null> {
  const intent = readIntent(root, run_id)
  const max_bytes = intent.state === 'ok' ? intent.record.limits.log_max_bytes : Number.POSITIVE_INFINITY
  return LogFile.open(logPath(root, run_id), max_bytes)
}
