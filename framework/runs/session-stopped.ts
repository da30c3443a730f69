/**
 * The ends of sessions: one record a stop, in `stops/`, where it outlives the session's own directory. Its name has
 * the session's id, so that nobody reads the record of another session.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionStopped } from '../../schemas/generated/types.js'
import validateStopped from '../../schemas/generated/validate-session-stopped.js'
import { self } from '../process/identity.js'
import { createPrivateDirectory } from '../store/private-directory.js'
import { publish, readRecord } from '../store/record.js'
import { isSessionId } from '../store/session-id.js'
import type { StateRoot } from '../store/state-root.js'
import { RECORD_VERSION } from './records.js'

const NAME = /^([0-9a-f]{12})-(.+)\.json$/

/** Which stop of which session. */
export interface StopName {
  readonly stop_id: string
  readonly session_id: string
}

/**
 * Says that nothing of the session is left. Of those who stop it at once the first says so for all.
 * @returns what stands, ours or theirs; null where it cannot be read
 * @throws NodeJS.ErrnoException where the disk refuses
 */
export function publishStopped(
  root: StateRoot,
  name: StopName,
  stopped: SessionStopped['stopped'],
): SessionStopped | null {
  createPrivateDirectory(join(root.path, 'stops'))
  const record: SessionStopped = {
    schema_version: RECORD_VERSION,
    ...name,
    stopped_at: new Date().toISOString(),
    stopped,
    recorder: self(),
  }
  publish(pathOf(root, name), record, { sync: true })
  return readStopped(root, name)
}

/** Null where it was not said, or cannot be read. */
export function readStopped(root: StateRoot, name: StopName): SessionStopped | null {
  const read = readRecord<SessionStopped>(pathOf(root, name), validateStopped)
  return read.state === 'ok' ? read.record : null
}

export const isStopRecorded = (root: StateRoot, name: StopName): boolean => existsSync(pathOf(root, name))

/** All stops on record, or those of one session; in no order. */
export function recordedStops(root: StateRoot, session_id: string | null = null): StopName[] {
  try {
    return readdirSync(join(root.path, 'stops')).flatMap(name => {
      const [, stop_id, session] = NAME.exec(name) ?? []
      if (stop_id === undefined || session === undefined || !isSessionId(session)) return []
      return session_id === null || session === session_id ? [{ stop_id, session_id: session }] : []
    })
  } catch {
    return []
  }
}

/** When it was said, by the clock of the disk, in ms since 1970; null where it was not. */
export const recordedAt = (root: StateRoot, name: StopName): number | null =>
  statSync(pathOf(root, name), { throwIfNoEntry: false })?.mtimeMs ?? null

export const pathOf = (root: StateRoot, { stop_id, session_id }: StopName): string =>
  join(root.path, 'stops', `${stop_id}-${session_id}.json`)
