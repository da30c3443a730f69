/** Runs that nobody holds and of which nothing can be alive: never started, or of an earlier boot. Their end is a record. */
import type { StateRoot } from '../store/state-root.js'
import { endRecord, recordedError } from './end-record.js'
import { leaveLive } from './intent.js'
import {
  publishEnd,
  publishOwner,
  RECORD_VERSION,
  type RunEnd,
  readOwner,
  type StopCause,
} from './records.js'

/**
 * Claims a run for nobody, so that nobody can start it any more, and records that it never started.
 * @param stop_cause why, where somebody asked for it; null where its starter died or gave up
 * @returns `owned`: somebody else's claim stands, and with it the run
 * @throws NodeJS.ErrnoException where the claim cannot be recorded; nothing is decided then
 */
export function abandon(
  root: StateRoot,
  run_id: string,
  stop_cause: StopCause | null = null,
): 'abandoned' | 'owned' {
  const claim = publishOwner(root, {
    schema_version: RECORD_VERSION,
    run_id,
    abandoned: true,
    owner: null,
    guard: null,
    tracking: null,
    claimed_at: new Date().toISOString(),
  })
  if (claim === 'exists') {
    const standing = readOwner(root, run_id)
    // Who abandoned it may have died before it wrote the end.
    if (standing.state !== 'ok' || !standing.record.abandoned) return 'owned'
  }
  const error =
    stop_cause === null
      ? recordedError('ABANDONED', 'the start was given up before any process ran', null)
      : recordedError('STOPPED_BEFORE_START', 'the run was stopped before it started', null)
  recordWithoutTree(root, run_id, {
    exit_reason: 'start_failed',
    reconcile_reason: 'abandoned',
    stop_cause,
    error,
  })
  return 'abandoned'
}

/**
 * Records the end of a run of an earlier boot: nothing of it can be alive, and nobody saw how it ended.
 * Where the disk does not take that, whoever looks sees the same.
 */
export function recordReboot(root: StateRoot, run_id: string): void {
  try {
    recordWithoutTree(root, run_id, { reconcile_reason: 'reboot', stop_cause: 'reboot' })
  } catch {
    // Said again by the next look.
  }
}

function recordWithoutTree(root: StateRoot, run_id: string, known: Partial<RunEnd>): void {
  publishEnd(root, endRecord(run_id, known))
  leaveLive(root, run_id)
}
