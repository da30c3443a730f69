/**
 * `children.pids` of a session: one decimal pid a line, for people and for `kill $(cat …)`.
 * Derived from the records whenever a run starts or ends; nothing of ours trusts it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { look } from '../process/liveness.js'
import { withLock } from '../store/lock.js'
import type { StateRoot } from '../store/state-root.js'
import { liveRunIds } from './find.js'
import { readIntent, readMain } from './records.js'

/** Who does not get the lock in this time leaves it: the holder reads the records again after writing. */
const LOCK_WAIT_MS = 500

export const pidFilePath = (root: StateRoot, session_id: string): string =>
  join(root.session(session_id), 'children.pids')

/** The file's path while it exists (contract A-03), else null. */
export function existingPidFile(root: StateRoot, session_id: string): string | null {
  const path = pidFilePath(root, session_id)
  return existsSync(path) ? path : null
}

/** Rewrites a session's pid file from the run records until both agree; removes it when nothing lives. */
export async function refreshPidFile(root: StateRoot, session_id: string): Promise<void> {
  const path = pidFilePath(root, session_id)
  try {
    mkdirSync(root.session(session_id), { recursive: true, mode: 0o700 })
    await withLock(path, LOCK_WAIT_MS, () => {
      let wanted = livePids(root, session_id)
      for (;;) {
        write(path, wanted)
        const now = livePids(root, session_id)
        if (now === wanted) return
        wanted = now
      }
    })
    if (!existsSync(path)) removeIfEmpty(root.session(session_id))
  } catch {
    // A full disk, or the session's directory removed beside us: the records are the truth, this file a courtesy.
  }
}

function livePids(root: StateRoot, session_id: string): string {
  const pids: number[] = []
  for (const run_id of liveRunIds(root)) {
    const intent = readIntent(root, run_id)
    if (intent.state !== 'ok' || intent.record.session_id !== session_id) continue
    const main = readMain(root, run_id)
    if (main.state === 'ok' && look(main.record.main) === 'alive') pids.push(main.record.main.pid)
  }
  return pids
    .sort((a, b) => a - b)
    .map(pid => `${pid}\n`)
    .join('')
}

function write(path: string, content: string): void {
  if (content === '') {
    rmSync(path, { force: true })
    return
  }
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, content, { mode: 0o600 })
  renameSync(temporary, path)
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch {
    // Somebody starts a run in it, or it was removed already.
  }
}
