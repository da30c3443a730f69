/** Where a session's `children.pids` lies. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { StateRoot } from '../store/state-root.js'

export const pidFilePath = (root: StateRoot, session_id: string): string =>
  join(root.session(session_id), 'children.pids')

/** The file's path while it exists (contract A-03), else null. */
export function existingPidFile(root: StateRoot, session_id: string): string | null {
  const path = pidFilePath(root, session_id)
  return existsSync(path) ? path : null
}
