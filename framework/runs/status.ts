/** What a run's records and the process table say together: derived at each look, never stored, never a guess. */

import type { ProcessIdentity } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { carriesMarker, readProcessTable } from '../process/table.js'
import type { ReadResult } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'
import {
  type RecordName,
  type RunEnd,
  type RunIntent,
  type RunMain,
  type RunOwner,
  type RunStop,
  readEnd,
  readIntent,
  readMain,
  readOwner,
  readStop,
} from './records.js'

export type RunStatus = 'pending' | 'running' | 'exited' | 'failed' | 'killed' | 'unknown'

/**
 * Who holds the run: its `owner`, the `guard` after the owner died, nobody (`lost`), another host or
 * PID namespace (`foreign`), or nobody any more because it has ended (`none`).
 */
export type OwnerState = 'alive' | 'guard' | 'lost' | 'foreign' | 'none'

/** A record that could not be used; it stays where it is and is named. */
export interface DamagedRecord {
  readonly record: RecordName
  readonly state: 'corrupt' | 'newer'
  readonly reason: string
}

/** One run as it is now. */
export interface RunView {
  readonly run_id: string
  readonly status: RunStatus
  readonly owner_state: OwnerState
  readonly reconcile_reason: string | null
  readonly intent: RunIntent | null
  readonly owner: RunOwner | null
  readonly main: RunMain | null
  readonly stop: RunStop | null
  readonly end: RunEnd | null
  /** Processes named by the end record that are still alive. */
  readonly leftovers: RunEnd['survivors']
  readonly damaged: readonly DamagedRecord[]
}

/** Whether the run is over: it has a final status and nobody of it is known to be alive. */
export const isOver = (view: RunView): boolean =>
  view.status !== 'pending' &&
  view.status !== 'running' &&
  view.owner_state !== 'lost' &&
  view.leftovers.length === 0

/** Reads one run's records and derives its status. Writes nothing, signals nothing. */
export function viewRun(root: StateRoot, run_id: string): RunView {
  const damaged: DamagedRecord[] = []
  const take = <T>(record: RecordName, result: ReadResult<T>): T | null => {
    if (result.state === 'ok') return result.record
    if (result.state === 'newer')
      damaged.push({
        record,
        state: 'newer',
        reason: `written by a newer version (${result.schema_version})`,
      })
    if (result.state === 'corrupt') damaged.push({ record, state: 'corrupt', reason: result.reason })
    return null
  }
  const records = {
    run_id,
    intent: take('intent', readIntent(root, run_id)),
    owner: take('owner', readOwner(root, run_id)),
    main: take('main', readMain(root, run_id)),
    stop: take('stop', readStop(root, run_id, 'stop')),
    end: take('end', readEnd(root, run_id)),
    damaged,
  }
  return { ...records, ...derive(records) }
}

type Derived = Pick<RunView, 'status' | 'owner_state' | 'reconcile_reason' | 'leftovers'>
type Records = Omit<RunView, keyof Derived>

function derive(records: Records): Derived {
  const { intent, owner, main, end, damaged } = records
  if (end) return derivedFromEnd(end)
  const unknown = (reconcile_reason: string, owner_state: OwnerState = 'none'): Derived => ({
    status: 'unknown',
    owner_state,
    reconcile_reason,
    leftovers: [],
  })
  const bad = damaged[0]
  if (bad?.state === 'newer') return unknown('newer_record', holder(records))
  if (bad) return unknown(`${bad.record}_corrupt`, holder(records))
  if (!intent) return unknown('intent_missing')
  const started = main !== null
  const as_recorded = started ? 'running' : 'pending'
  const witness = owner?.owner ?? intent.starter
  switch (look(witness)) {
    case 'foreign':
      return { status: as_recorded, owner_state: 'foreign', reconcile_reason: null, leftovers: [] }
    case 'rebooted':
      return unknown('reboot')
    case 'alive':
      return { status: as_recorded, owner_state: 'alive', reconcile_reason: null, leftovers: [] }
    case 'gone':
  }
  if (!owner) return { status: 'failed', owner_state: 'none', reconcile_reason: 'abandoned', leftovers: [] }
  if (owner.abandoned)
    return { status: 'failed', owner_state: 'none', reconcile_reason: 'abandoned', leftovers: [] }
  if (owner.guard && look(owner.guard) === 'alive')
    return { status: as_recorded, owner_state: 'guard', reconcile_reason: null, leftovers: [] }
  return treeAlive(intent, main)
    ? { status: as_recorded, owner_state: 'lost', reconcile_reason: null, leftovers: [] }
    : unknown('owner_lost')
}

function derivedFromEnd(end: RunEnd): Derived {
  const leftovers = [...end.survivors, ...end.leftovers].filter(({ identity }) => look(identity) === 'alive')
  return { status: statusOfEnd(end), owner_state: 'none', reconcile_reason: end.reconcile_reason, leftovers }
}

function statusOfEnd(end: RunEnd): RunStatus {
  if (end.exit_reason === 'start_failed') return 'failed'
  if (end.signal !== null) return 'killed'
  if (end.exit_code === null) return 'unknown'
  return end.exit_code === 0 ? 'exited' : 'failed'
}

/** Who seems to hold a run whose own records cannot be used. */
function holder({ owner, main }: Records): OwnerState {
  if (owner?.owner && look(owner.owner) === 'alive') return 'alive'
  if (owner?.guard && look(owner.guard) === 'alive') return 'guard'
  return main && look(main.main) === 'alive' ? 'lost' : 'none'
}

function treeAlive(intent: RunIntent, main: RunMain | null): boolean {
  if (main && look(main.main) === 'alive') return true
  return findMarked(intent.marker).length > 0
}

/** Every living process that carries a run's marker: looked for only where the owner died. */
export function findMarked(marker: RunIntent['marker']): readonly number[] {
  const found: number[] = []
  for (const [pid, stat] of readProcessTable()) {
    if (stat.state !== 'Z' && stat.state !== 'X' && pid !== process.pid && carriesMarker(pid, marker))
      found.push(pid)
  }
  return found
}

/** When the process was identified by a record and what the identity is for an answer. */
export const mainPid = (view: RunView): number | null => view.main?.main.pid ?? null

export type { ProcessIdentity }
