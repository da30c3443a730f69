/**
 * Runs that were started inside a run. Each has an owner of its own, so the outer one never signals their processes:
 * it asks their owners, and waits. Their owners end what is nested deeper in the same way.
 */
import { existsSync, readFileSync } from 'node:fs'
import { monotonicMs, pause } from '../process/clock.js'
import { self } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { signalProcess } from '../process/signal.js'
import type { StateRoot } from '../store/state-root.js'
import { liveRunIds } from './find.js'
import { publishStop, RECORD_VERSION, readIntent, readOwner, recordPath } from './records.js'

/** How long beyond the grace the owner of a nested run may take, in ms. */
const NESTED_SLACK_MS = 2_000
const POLL_MS = 20

/**
 * Asks the owners of all live runs that were started inside a run to end them, with cause `parent_run`. Never throws:
 * what cannot be read or written of a nested run must not keep the outer one from ending.
 * @returns the ids of the runs asked
 */
export function askNested(root: StateRoot, run_id: string, grace_ms: number): string[] {
  return nestedIn(root, run_id).filter(nested => {
    try {
      return askOne(root, nested, grace_ms)
    } catch {
      return false
    }
  })
}

/** Resolves when the runs have their end records or nobody who could write one, at the latest after the grace and 2 s. */
export async function nestedEnded(
  root: StateRoot,
  run_ids: readonly string[],
  grace_ms: number,
  force: AbortSignal,
): Promise<void> {
  const started = monotonicMs()
  const deadline = (): number => started + (force.aborted ? 0 : grace_ms) + NESTED_SLACK_MS
  for (const run_id of run_ids) {
    while (!isDone(root, run_id) && monotonicMs() < deadline()) await pause(POLL_MS)
  }
}

function askOne(root: StateRoot, run_id: string, grace_ms: number): boolean {
  if (existsSync(recordPath(root, run_id, 'end'))) return false
  publishStop(root, 'stop', {
    schema_version: RECORD_VERSION,
    run_id,
    cause: 'parent_run',
    asker: self(),
    grace_ms,
    requested_at: new Date().toISOString(),
  })
  const owner = readOwner(root, run_id)
  if (owner.state === 'ok' && owner.record.owner) signalProcess(owner.record.owner, 'SIGUSR2')
  return true
}

function isDone(root: StateRoot, run_id: string): boolean {
  if (existsSync(recordPath(root, run_id, 'end'))) return true
  try {
    const owner = readOwner(root, run_id)
    if (owner.state !== 'ok') return true
    const holders = [owner.record.owner, owner.record.guard].filter(holder => holder !== null)
    return !holders.some(holder => look(holder) === 'alive')
  } catch {
    return false
  }
}

function nestedIn(root: StateRoot, run_id: string): string[] {
  try {
    // Every run that ends asks this of all that live, so only an intent that names the outer run is read as a record.
    return liveRunIds(root).filter(
      id => id !== run_id && mentions(root, id, run_id) && isInside(root, id, run_id),
    )
  } catch {
    return []
  }
}

function mentions(root: StateRoot, run_id: string, outer: string): boolean {
  try {
    return readFileSync(recordPath(root, run_id, 'intent'), 'latin1').includes(outer)
  } catch {
    return false
  }
}

function isInside(root: StateRoot, run_id: string, outer: string): boolean {
  const intent = readIntent(root, run_id)
  return intent.state === 'ok' && intent.record.parent_run_id === outer
}
