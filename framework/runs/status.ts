/** What a run's records and the process table say together: derived at each look, never stored, never a guess. */
import { existsSync } from 'node:fs'
import { look } from '../process/liveness.js'
import type { ReadResult } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'
import { isAnythingAlive } from './evidence.js'
import { unlistedAlive } from './left-behind.js'
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
  type StopCause,
} from './records.js'

export type RunStatus = 'pending' | 'running' | 'exited' | 'failed' | 'killed' | 'unknown'

/**
 * Who holds the run: its `owner`, the `guard` after the owner died, nobody (`lost`), another host or
 * PID namespace (`foreign`), whoever it may be where no record can tell (`unknown`), or nobody any more because it has
 * ended (`none`).
 */
export type OwnerState = 'alive' | 'guard' | 'lost' | 'foreign' | 'unknown' | 'none'

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
  /** What of an ended run is still alive, as far as it is known by its end. */
  readonly leftovers: RunEnd['survivors']
  readonly damaged: readonly DamagedRecord[]
}

/** How often records are read again while they change under the look. */
const SETTLING_READS = 5

/** Whether anything is on record: a directory comes before its first record, and is no run until that is there. */
export const isRecorded = ({ intent, owner, main, stop, end, damaged }: RunView): boolean =>
  [intent, owner, main, stop, end].some(record => record !== null) || damaged.length > 0

/** Whether no record tells who holds the run, or which processes are its. */
export const isUntold = ({
  owner,
  main,
  end,
  damaged,
}: Pick<RunView, 'owner' | 'main' | 'end' | 'damaged'>): boolean =>
  !owner && !main && !end && damaged.some(({ record }) => record === 'owner')

/** Whether nothing is left of its records but its name in `live/`. */
export const isNameAlone = (root: StateRoot, view: RunView): boolean =>
  !isRecorded(view) && !existsSync(root.run(view.run_id))

/** Whether the run is over: it has a final status and nobody of it is known to be alive. */
export const isOver = (view: RunView): boolean =>
  view.status !== 'pending' &&
  view.status !== 'running' &&
  view.owner_state === 'none' &&
  view.leftovers.length === 0

/** Why the run was ended, or is being; null where it goes on, or ended by itself. */
export function stopCauseOf({ end, stop, reconcile_reason }: RunView): StopCause | null {
  if (end) return end.stop_cause
  // Also where nobody has come to record it.
  return stop?.cause ?? (reconcile_reason === 'reboot' ? 'reboot' : null)
}

/** Reads one run's records and derives its status. Writes nothing, signals nothing. */
export function viewRun(root: StateRoot, run_id: string): RunView {
  let records = readRecords(root, run_id)
  for (let tries = 1; ; tries += 1) {
    const derived = derive(root, records)
    if (derived.owner_state === 'alive' || records.end || tries >= SETTLING_READS)
      return { ...records, ...derived }
    // Who is dead now may have published after we read and before we looked: the end, a claim, a main process.
    const again = readRecords(root, run_id)
    if (isSame(records, again)) return { ...records, ...derived }
    records = again
  }
}

/** What the end of a run says. */
export type Ended = Pick<RunView, 'end' | 'leftovers'>

/** As `viewRun`, of a run that has ended: no other record says more. Null where no end can be read. */
export function viewEnd(root: StateRoot, run_id: string): Ended | null {
  const read = readEnd(root, run_id)
  if (read.state !== 'ok') return null
  return { end: read.record, leftovers: leftoversOf(root, read.record) }
}

/** What of an ended run is alive now. */
export const leftoversOf = (root: StateRoot, end: RunEnd): RunEnd['survivors'] =>
  derivedFromEnd(root, end).leftovers

function readRecords(root: StateRoot, run_id: string): Records {
  const damaged: DamagedRecord[] = []
  const take = <T>(record: RecordName, result: ReadResult<T>): T | null => {
    if (result.state === 'ok') return result.record
    damaged.push(...unusable(record, result))
    return null
  }
  return {
    run_id,
    intent: take('intent', readIntent(root, run_id)),
    owner: take('owner', readOwner(root, run_id)),
    main: take('main', readMain(root, run_id)),
    stop: take('stop', readStop(root, run_id, 'stop')),
    end: take('end', readEnd(root, run_id)),
    damaged,
  }
}

/** What a record that is there and cannot be used is named by. */
export function unusable(record: RecordName, read: ReadResult<unknown>): DamagedRecord[] {
  if (read.state === 'newer')
    return [{ record, state: 'newer', reason: `written by a newer version (${read.schema_version})` }]
  return read.state === 'corrupt' ? [{ record, state: 'corrupt', reason: read.reason }] : []
}

type Derived = Pick<RunView, 'status' | 'owner_state' | 'reconcile_reason' | 'leftovers'>
type Records = Omit<RunView, keyof Derived>

/** Records never change once they are there, so the same ones being there is the same being said. */
const isSame = (a: Records, b: Records): boolean =>
  (['intent', 'owner', 'main', 'stop', 'end'] as const).every(
    name => (a[name] === null) === (b[name] === null),
  ) && a.damaged.length === b.damaged.length

function derive(root: StateRoot, records: Records): Derived {
  const { intent, owner, main, end, damaged } = records
  if (end) return derivedFromEnd(root, end)
  const unknown = (reconcile_reason: string, owner_state: OwnerState = 'none'): Derived => ({
    status: 'unknown',
    owner_state,
    reconcile_reason,
    leftovers: [],
  })
  // A request that cannot be read says nothing about the run.
  const bad = damaged.find(({ record }) => record !== 'stop' && record !== 'force')
  if (bad?.state === 'newer') return unknown('newer_record', holder(root, records))
  if (bad) return unknown(`${bad.record}_corrupt`, holder(root, records))
  if (!intent) return unknown('intent_missing', holder(root, records))
  const as_recorded = main === null ? 'pending' : 'running'
  const abandoned: Derived = {
    status: 'failed',
    owner_state: 'none',
    reconcile_reason: 'abandoned',
    leftovers: [],
  }
  if (owner?.abandoned) return abandoned
  switch (look(owner?.owner ?? intent.starter)) {
    case 'foreign':
      return { status: as_recorded, owner_state: 'foreign', reconcile_reason: null, leftovers: [] }
    case 'rebooted':
      return unknown('reboot')
    case 'alive':
      return { status: as_recorded, owner_state: 'alive', reconcile_reason: null, leftovers: [] }
    case 'gone':
  }
  // Whoever started its main process had claimed it, whatever became of that record.
  if (!owner && !main) return abandoned
  if (owner?.guard && look(owner.guard) === 'alive')
    return { status: as_recorded, owner_state: 'guard', reconcile_reason: null, leftovers: [] }
  return isAnythingAlive(root, intent, main)
    ? { status: as_recorded, owner_state: 'lost', reconcile_reason: null, leftovers: [] }
    : unknown('owner_lost')
}

function derivedFromEnd(root: StateRoot, end: RunEnd): Derived {
  const named = [...end.survivors, ...end.leftovers].map(one => ({ one, seen: look(one.identity) }))
  // What was left behind elsewhere lives for all we know, until somebody there takes the name of the run away.
  const is_foreign = named.some(({ seen }) => seen === 'foreign') && existsSync(root.live(end.run_id))
  return {
    status: statusOfEnd(end),
    owner_state: is_foreign ? 'foreign' : 'none',
    reconcile_reason: end.reconcile_reason,
    leftovers: [
      ...named
        .filter(({ seen }) => seen === 'alive' || (is_foreign && seen === 'foreign'))
        .map(({ one }) => one),
      ...unlistedAlive(root, end),
    ],
  }
}

function statusOfEnd(end: RunEnd): RunStatus {
  if (end.exit_reason === 'start_failed') return 'failed'
  if (end.signal !== null) return 'killed'
  if (end.exit_code === null) return 'unknown'
  return end.exit_code === 0 ? 'exited' : 'failed'
}

/** Who seems to hold a run whose own records cannot be used. */
function holder(root: StateRoot, records: Records): OwnerState {
  const { run_id, owner, main } = records
  // Who ends it takes its name away, once nothing of it is left.
  if (isUntold(records) || isUnrecorded(records)) return existsSync(root.live(run_id)) ? 'unknown' : 'none'
  if (owner?.owner && look(owner.owner) === 'alive') return 'alive'
  if (owner?.guard && look(owner.guard) === 'alive') return 'guard'
  return main && look(main.main) === 'alive' ? 'lost' : 'none'
}

/** Whether its records were removed, whatever was asked of it since: its owner may live, and has yet to end it. */
const isUnrecorded = ({ intent, owner, main, damaged }: Records): boolean =>
  !intent && !owner && !main && damaged.every(({ record }) => record === 'stop')
