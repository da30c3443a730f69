/** What others ask of an owner: `stop.json` and `force.json` of one run, read as often as it likes, answered once. */
import { existsSync, lstatSync } from 'node:fs'
import { errnoOf } from '../process/errno.js'
import type { StateRoot } from '../store/state-root.js'
import { type RunIntent, type RunStop, readStop, recordPath } from './records.js'

/** A request to end the run; `cause` is null where it can be seen but not read. */
export interface Request {
  readonly cause: RunStop['cause'] | null
  readonly grace_ms: number
}

/** The first request to end the run; null while there is none. */
export function requestToStop(root: StateRoot, intent: RunIntent): Request | null {
  if (!existsSync(recordPath(root, intent.run_id, 'stop'))) return null
  const stop = readStop(root, intent.run_id, 'stop')
  if (stop.state === 'absent') return null
  if (stop.state === 'ok') return { cause: stop.record.cause, grace_ms: stop.record.grace_ms }
  // Written by a newer version, or damaged since: nobody links this name but to ask for the end.
  return { cause: null, grace_ms: intent.limits.grace_ms }
}

/** Whether somebody asked for KILL at once. */
export const isForced = (root: StateRoot, run_id: string): boolean =>
  existsSync(recordPath(root, run_id, 'force'))

/** Whether the records of the run are gone: nobody could find it any more, or ask for its end. */
export function areRecordsGone(root: StateRoot, run_id: string): boolean {
  try {
    lstatSync(root.run(run_id))
    return false
  } catch (error) {
    return errnoOf(error) === 'ENOENT'
  }
}
