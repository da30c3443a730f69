/** Sessions as the records tell them: which there are, what lives in them, and whether one is being stopped. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionStopping } from '../../schemas/generated/types.js'
import validateStopping from '../../schemas/generated/validate-session-stopping.js'
import { self } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { isSessionId } from '../store/ids.js'
import { publish, readRecord } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'
import { RECORD_VERSION } from './records.js'

const stoppingPath = (root: StateRoot, session_id: string): string =>
  join(root.session(session_id), 'stopping.json')

/** Whether somebody alive is stopping the session at this moment: new starts in it are refused. */
export function isStopping(root: StateRoot, session_id: string): boolean {
  const stopping = readRecord<SessionStopping>(stoppingPath(root, session_id), validateStopping)
  return stopping.state === 'ok' && look(stopping.record.asker) === 'alive'
}

/**
 * Marks the session as being stopped by this process. A start links its intent before it looks for the mark, and
 * the stop lists the runs after setting it, so one of the two always sees the other.
 * @returns takes the mark away again
 */
export function beginStopping(root: StateRoot, session_id: string, grace_ms: number): () => void {
  const path = stoppingPath(root, session_id)
  mkdirSync(root.session(session_id), { recursive: true, mode: 0o700 })
  if (!isStopping(root, session_id)) rmSync(path, { force: true })
  const ours = publish(
    path,
    {
      schema_version: RECORD_VERSION,
      session_id,
      asker: self(),
      grace_ms,
      requested_at: new Date().toISOString(),
    } satisfies SessionStopping,
    { sync: false },
  )
  return () => {
    if (ours === 'published') rmSync(path, { force: true })
  }
}

/** Ids of the sessions that have a directory: those with live runs, or that are being stopped. */
export function sessionIds(root: StateRoot): string[] {
  try {
    return readdirSync(join(root.path, 'sessions')).filter(isSessionId).sort()
  } catch {
    return []
  }
}
