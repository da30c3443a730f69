/** The log of a run, opened for what is written to it. */
import { constants, fchmodSync, openSync } from 'node:fs'
import type { StateRoot } from '../store/state-root.js'
import { logPath } from './records.js'

/**
 * Makes the log where it is not there. Whoever writes the run's output does so through this descriptor or one of its
 * own, never through a process that holds the run: its death must not take the output.
 * @returns a descriptor that appends
 */
export function openForWriting(root: StateRoot, run_id: string): number {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants
  const log = openSync(logPath(root, run_id), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
  // The caller's umask, which the program gets, must not close its log to its own user.
  fchmodSync(log, 0o600)
  return log
}
