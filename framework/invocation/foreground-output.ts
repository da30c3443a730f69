/** Where copies of a foreground program's output go: its log, and the streams of the call. */
import { closeSync, constants, fchmodSync, openSync } from 'node:fs'
import { writeAll } from '../process/write-all.js'
import { logPath, type RunIntent } from '../runs/records.js'
import type { OutputCopies } from '../runtimes/foreground-copies.js'
import type { StateRoot } from '../store/state-root.js'
import type { Io } from './io.js'

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants

/**
 * @param whole_process the program can have our own stdout and stderr
 * @returns null where it has them and nothing is kept
 */
export function outputCopies(
  io: Io,
  root: StateRoot,
  { run_id, limits }: RunIntent,
  whole_process: boolean,
): OutputCopies | null {
  const is_kept = limits.log_max_bytes > 0
  if (whole_process && !is_kept) return null
  const log = is_kept ? openLog(logPath(root, run_id)) : null
  return {
    keep(bytes) {
      try {
        if (log !== null) writeAll(log, bytes)
      } catch {
        // A full disk takes the log, and must not take the program's output as well.
      }
    },
    stdout: bytes => handedOn(io.stream_stdout(bytes)),
    stderr: bytes => handedOn(io.stream_stderr(bytes)),
    close() {
      if (log !== null) closeSync(log)
    },
  }
}

async function handedOn(writing: Promise<void>): Promise<boolean> {
  try {
    await writing
    return true
  } catch {
    return false
  }
}

function openLog(path: string): number {
  const log = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
  fchmodSync(log, 0o600)
  return log
}
