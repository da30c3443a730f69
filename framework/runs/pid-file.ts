/**
 * `children.pids` of a session: one decimal pid a line, for people and for `kill $(cat …)`.
 * Derived from the records whenever a run starts or ends; nothing of ours trusts it.
 */
import { chmodSync, existsSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { monotonicMs, pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'
import { look } from '../process/liveness.js'
import { withLock } from '../store/lock.js'
import { createPrivateDirectory, isSymlink } from '../store/private-directory.js'
import type { StateRoot } from '../store/state-root.js'
import { liveRunIds } from './find.js'
import { pidFilePath } from './pid-file-path.js'
import { readIntent, readMain, readStop, type StopCause } from './records.js'
import { inSessionDirectory } from './session.js'

/** Who does not get the lock in this time writes without it: a holder that died, or is slow, must not delay a start. */
const LOCK_WAIT_MS = 500
const DIRECTORY_TRIES = 5
/** Where the records change all the time, at least so many times what one rewrite takes lies between two. */
export const REWRITE_SPACING = 4
/** Asked for by commands, which rewrite the file when they have seen the end. */
const BY_COMMANDS: readonly StopCause[] = ['user', 'session_stop', 'cleanup']

/**
 * Whether whoever asked for the end of a run lives, waits for it, and rewrites the file then: of a hundred runs that
 * are stopped at once none has to.
 */
export function isAwaited(root: StateRoot, run_id: string): boolean {
  const asked = readStop(root, run_id, 'stop')
  if (asked.state !== 'ok') return false
  const { cause, asker } = asked.record
  return cause !== null && BY_COMMANDS.includes(cause) && look(asker) === 'alive'
}

/** What has just become true: this process is the main one of a run and lives, or it does not live any more. */
export interface PidChange {
  readonly pid: number
  readonly alive: boolean
}

/**
 * Rewrites a session's pid file from the run records until both agree; removes it when nothing lives. Never rejects.
 * The lock only keeps many from doing so at once: whoever writes reads the records again afterwards, so the last one
 * to write has seen everything that was recorded before, whoever else wrote at the same time.
 * @param change where it is in the file already, somebody else has rewritten it meanwhile, and nothing is left to do:
 *   of a hundred runs that end at once few go through the records of all
 */
export async function refreshPidFile(root: StateRoot, session_id: string, change?: PidChange): Promise<void> {
  const path = pidFilePath(root, session_id)
  try {
    if (isSymlink(root.session(session_id))) return
    const rewriteUnlessDone = async (): Promise<void> => {
      if (!change || !tells(path, change)) await rewrite(root, session_id)
    }
    const is_done = change ? tells(path, change) : !existsSync(path) && !livePids(root, session_id)
    if (!is_done && !(await locking(root, session_id, rewriteUnlessDone))) await rewriteUnlessDone()
    if (!existsSync(path)) removeIfEmpty(root.session(session_id))
  } catch {
    // A full disk: the records are the truth, this file a courtesy.
  }
}

function tells(path: string, { pid, alive }: PidChange): boolean {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  return lines.includes(String(pid)) === alive
}

async function locking(root: StateRoot, session_id: string, work: () => Promise<void>): Promise<boolean> {
  for (let tries = 1; tries <= DIRECTORY_TRIES; tries += 1) {
    try {
      createPrivateDirectory(root.session(session_id))
      return (await withLock(pidFilePath(root, session_id), LOCK_WAIT_MS, work)).held
    } catch (error) {
      // Whoever ended the last run of the session removed its directory in this moment.
      if (errnoOf(error) !== 'ENOENT') throw error
    }
  }
  return false
}

async function rewrite(root: StateRoot, session_id: string): Promise<void> {
  let written: string | null = null
  for (let passes = 1; ; passes += 1) {
    const started = monotonicMs()
    const wanted = livePids(root, session_id)
    if (wanted === null || wanted === written) return
    write(root, session_id, wanted)
    written = wanted
    // Many end, one after the other: whoever rewrites may own them, and has more to do than this.
    if (passes > 1) await pause((monotonicMs() - started) * REWRITE_SPACING)
  }
}

/** Null where all that lives in the session lives elsewhere: what stands in the file was written there. */
function livePids(root: StateRoot, session_id: string): string | null {
  const pids: number[] = []
  let is_foreign = false
  for (const run_id of liveRunIds(root)) {
    const intent = readIntent(root, run_id)
    if (intent.state !== 'ok' || intent.record.session_id !== session_id) continue
    const main = readMain(root, run_id)
    const seen = main.state === 'ok' ? look(main.record.main) : 'gone'
    if (main.state === 'ok' && seen === 'alive') pids.push(main.record.main.pid)
    if (seen === 'foreign') is_foreign = true
  }
  if (is_foreign && pids.length === 0) return null
  return pids
    .sort((a, b) => a - b)
    .map(pid => `${pid}\n`)
    .join('')
}

function write(root: StateRoot, session_id: string, content: string): void {
  const path = pidFilePath(root, session_id)
  if (content === '') {
    rmSync(path, { force: true })
    return
  }
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return
  const temporary = `${path}.${process.pid}.tmp`
  inSessionDirectory(root, session_id, () => {
    try {
      writeFileSync(temporary, content, { mode: 0o600 })
      chmodSync(temporary, 0o600)
      renameSync(temporary, path)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
  })
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch {
    // Somebody starts a run in it, or it was removed already.
  }
}
