/** Which ended runs may go, and their removal: by age, by number, by the size of their logs. */
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isSymlink } from '../store/private-directory.js'
import type { StateRoot } from '../store/state-root.js'
import { allRunIds, liveRunIds } from './find.js'
import { pruneNames } from './name-claim.js'
import { logPath, recordPath } from './records.js'
import { pathOf, recordedAt, recordedStops } from './session-stopped.js'

/** What a start keeps: everything of the last seven days, but at most so many runs and bytes of logs. */
const KEEP_MS = 7 * 24 * 3_600_000
const KEEP_RUNS = 1_000
const KEEP_LOG_BYTES = 2 * 1024 ** 3
/** A start looks through the history only once it has grown by some runs, so its cost does not follow their number. */
const CHECK_EVERY = 64
/** The name of a run that is being removed. */
const REMOVED = /^\.removed-[0-9a-f]{12}$/

export interface EndedRun {
  readonly run_id: string
  readonly ended_at_ms: number
  /** Bytes of the log on disk. */
  readonly log_bytes: number
}

/** Runs with an end record of which nothing lives, the latest end first. */
export function endedRuns(root: StateRoot): EndedRun[] {
  const live = new Set(liveRunIds(root))
  const ended: EndedRun[] = []
  for (const run_id of allRunIds(root)) {
    // What a symlink leads to is of another run, or of somebody else.
    if (live.has(run_id) || isSymlink(root.run(run_id))) continue
    const end = statSync(recordPath(root, run_id, 'end'), { throwIfNoEntry: false })
    if (!end) continue
    const log = statSync(logPath(root, run_id), { throwIfNoEntry: false })
    ended.push({ run_id, ended_at_ms: end.mtimeMs, log_bytes: (log?.blocks ?? 0) * 512 })
  }
  return ended.sort((a, b) => b.ended_at_ms - a.ended_at_ms)
}

/**
 * Removes a run of which nothing lives with all its records: at once for every reader, whatever becomes of us on the
 * way.
 * @throws NodeJS.ErrnoException where it is not there, or the disk refuses
 */
export function removeRun(root: StateRoot, run_id: string): void {
  const aside = join(root.path, 'runs', `.removed-${run_id}`)
  renameSync(root.run(run_id), aside)
  rmSync(aside, { recursive: true, force: true })
}

/** Keeps the history within its bounds; called by starts, now and then. What cannot be removed stays; never throws. */
export function pruneHistory(root: StateRoot, new_run_id: string): void {
  // The id is random, so this is one start in sixty-four.
  if (Number.parseInt(new_run_id.slice(-4), 16) % CHECK_EVERY !== 0) return
  try {
    for (const name of readdirSync(join(root.path, 'runs')))
      if (REMOVED.test(name)) rmSync(join(root.path, 'runs', name), { recursive: true, force: true })
    for (const run_id of forgotten(root)) removeRun(root, run_id)
    pruneNames(root, Date.now() - KEEP_MS)
    let log_bytes = 0
    for (const [index, run] of endedRuns(root).entries()) {
      log_bytes += run.log_bytes
      const expired = Date.now() - run.ended_at_ms > KEEP_MS
      if (expired || index >= KEEP_RUNS || log_bytes > KEEP_LOG_BYTES) removeRun(root, run.run_id)
    }
    for (const [index, stop] of pastStops(root).entries())
      if (Date.now() - stop.recorded_at_ms > KEEP_MS || index >= KEEP_RUNS) rmSync(stop.path, { force: true })
  } catch {
    // Another start prunes at the same time, or a file may not be removed: no reason to refuse a start.
  }
}

/** The records of stopped sessions, the latest first. */
function pastStops(root: StateRoot): { path: string; recorded_at_ms: number }[] {
  return recordedStops(root)
    .map(name => ({ path: pathOf(root, name), recorded_at_ms: recordedAt(root, name) ?? 0 }))
    .sort((a, b) => b.recorded_at_ms - a.recorded_at_ms)
}

/** What starters that died in the middle of their first records left, long ago: not live, and without an end. */
function forgotten(root: StateRoot): string[] {
  const live = new Set(liveRunIds(root))
  return allRunIds(root).filter(run_id => {
    const directory = statSync(root.run(run_id), { throwIfNoEntry: false })
    const is_old = directory !== undefined && Date.now() - directory.mtimeMs > KEEP_MS
    return is_old && !live.has(run_id) && !existsSync(recordPath(root, run_id, 'end'))
  })
}
