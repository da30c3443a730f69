/** What others ask of an owner: `stop.json` and `force.json` of one run, read as often as it likes, answered once. */
import { lstatSync } from 'node:fs'
import { errnoOf } from '../process/errno.js'
import { look } from '../process/liveness.js'
import type { StateRoot } from '../store/state-root.js'
import { isThere, type RunIntent, type RunStop, readStop } from './records.js'

/** A request to end the run; `cause` is null where it can be seen but not read. */
export interface Request {
  readonly cause: RunStop['cause'] | null
  readonly grace_ms: number
}

/** The first request to end the run, the end of the process that it is bound to included; null while there is none. */
export function requestToStop(root: StateRoot, intent: RunIntent): Request | null {
  if (!isThere(root, intent.run_id, 'stop'))
    return isUnbound(intent) ? { cause: 'bound_exit', grace_ms: intent.limits.grace_ms } : null
  const stop = stopRecord(root, intent.run_id)
  // Written by a newer version, damaged since, or no descriptor is left to read it by: nobody links this name but to
  // ask for the end.
  return { cause: stop?.cause ?? null, grace_ms: stop?.grace_ms ?? intent.limits.grace_ms }
}

/** What an end says of a request: one that could be seen but not read when it came may be readable by now. Never throws. */
export function causeOf(request: Request, root: StateRoot, intent: RunIntent): Request['cause'] {
  try {
    return request.cause ?? requestToStop(root, intent)?.cause ?? null
  } catch {
    return null
  }
}

/** Whether the process that the run is bound to has ended: by its identity, since its pid may be another's by now. */
export const isUnbound = ({ bound_to }: RunIntent): boolean =>
  bound_to !== undefined && look(bound_to) === 'gone'

function stopRecord(root: StateRoot, run_id: string): RunStop | null {
  try {
    const stop = readStop(root, run_id, 'stop')
    return stop.state === 'ok' ? stop.record : null
  } catch {
    return null
  }
}

/** Whether somebody asked for KILL at once. */
export const isForced = (root: StateRoot, run_id: string): boolean => isThere(root, run_id, 'force')

/** Whether the records of the run are gone, or displaced: nobody could find it any more, or ask for its end. */
export function areRecordsGone(root: StateRoot, run_id: string): boolean {
  try {
    return !lstatSync(root.run(run_id)).isDirectory()
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')
  }
}
