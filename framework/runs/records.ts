/** The records of one run, each with its file name and its validator: the only place that knows both. */
import { existsSync } from 'node:fs'
import type {
  RunAnswered,
  RunEnd,
  RunIntent,
  RunMain,
  RunOwner,
  RunReady,
  RunStop,
  Validator,
} from '../../schemas/generated/types.js'
import validateEnd from '../../schemas/generated/validate-run-end.js'
import validateIntent from '../../schemas/generated/validate-run-intent.js'
import validateMain from '../../schemas/generated/validate-run-main.js'
import validateOwner from '../../schemas/generated/validate-run-owner.js'
import validateReady from '../../schemas/generated/validate-run-ready.js'
import validateStop from '../../schemas/generated/validate-run-stop.js'
import { self } from '../process/identity.js'
import { withSpareDescriptor } from '../process/proc-file.js'
import { isSymlink } from '../store/private-directory.js'
import { type Published, publish, type ReadResult, readRecord } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'

export type {
  RunEnd,
  RunIntent,
  RunMain,
  RunOwner,
  RunReady,
  RunStop,
} from '../../schemas/generated/types.js'

/** The version that this code writes; any 1.x is read. */
export const RECORD_VERSION = '1.0'

export type StopCause = NonNullable<RunEnd['stop_cause']>
export type ExitReason = NonNullable<RunEnd['exit_reason']>

export const readIntent = (root: StateRoot, run_id: string): ReadResult<RunIntent> =>
  readOf(root, run_id, 'intent', validateIntent)

export const readOwner = (root: StateRoot, run_id: string): ReadResult<RunOwner> =>
  readOf(root, run_id, 'owner', validateOwner)

export const readMain = (root: StateRoot, run_id: string): ReadResult<RunMain> =>
  readOf(root, run_id, 'main', validateMain)

export const readReady = (root: StateRoot, run_id: string): ReadResult<RunReady> =>
  readOf(root, run_id, 'ready', validateReady)

export const readStop = (root: StateRoot, run_id: string, which: 'stop' | 'force'): ReadResult<RunStop> =>
  readOf(root, run_id, which, validateStop)

export const readEnd = (root: StateRoot, run_id: string): ReadResult<RunEnd> =>
  readOf(root, run_id, 'end', validateEnd)

/** Whether the program of a run was seen to be ready. */
export const isReady = (root: StateRoot, run_id: string): boolean => readReady(root, run_id).state === 'ok'

/**
 * Whether whoever started a run has been told of it; recorded for those with a unique name. Nobody links this name but
 * to say so: what else it says does not matter.
 */
export const isAnswered = (root: StateRoot, run_id: string): boolean => isThere(root, run_id, 'answered')

/** Intent and end are synced: they must survive a crash of the machine; the others speak of one boot only. */
export const publishOwner = (root: StateRoot, record: RunOwner) => publishRecord(root, 'owner', record)

export const publishMain = (root: StateRoot, record: RunMain) => publishRecord(root, 'main', record)

/** Says that the program of a run can be used; the first who says so stands. */
export const publishReady = (root: StateRoot, run_id: string, by: RunReady['by']) =>
  publishRecord(root, 'ready', {
    schema_version: RECORD_VERSION,
    run_id,
    by,
    ready_at: new Date().toISOString(),
  } satisfies RunReady)

/** What is asked of the owner of a run; who asks, and when, is told by itself. */
export type StopRequest = Pick<RunStop, 'run_id' | 'cause' | 'grace_ms'>

export function publishStop(root: StateRoot, which: 'stop' | 'force', request: StopRequest) {
  const record: RunStop = {
    schema_version: RECORD_VERSION,
    run_id: request.run_id,
    cause: request.cause,
    asker: self(),
    grace_ms: request.grace_ms,
    requested_at: new Date().toISOString(),
  }
  return publishRecord(root, which, record)
}

export const publishAnswered = (root: StateRoot, run_id: string) =>
  publishRecord(root, 'answered', {
    schema_version: RECORD_VERSION,
    run_id,
    answered_at: new Date().toISOString(),
  } satisfies RunAnswered)

export const publishEnd = (root: StateRoot, record: RunEnd) => publishRecord(root, 'end', record, true)

/**
 * What stands in a directory of a run is the run's; what a symlink in its place leads to is somebody else's: nothing is
 * read or written there.
 */
const isDisplaced = (root: StateRoot, run_id: string): boolean => isSymlink(root.run(run_id))

/** What is to be said of a run can be said with the last descriptor. */
function publishRecord<T extends { readonly run_id: string }>(
  root: StateRoot,
  name: RecordName,
  record: T,
  sync = false,
): Published {
  if (isDisplaced(root, record.run_id))
    throw Object.assign(new Error(`${root.run(record.run_id)} is a symlink`), { code: 'ELOOP' })
  return withSpareDescriptor(() => publish(recordPath(root, record.run_id, name), record, { sync }))
}

/** A record that names another run, copied or brought back to the wrong place, says nothing of this one. */
function readOf<T extends { readonly run_id: string }>(
  root: StateRoot,
  run_id: string,
  name: RecordName,
  validate: Validator<T>,
): ReadResult<T> {
  if (isDisplaced(root, run_id)) return { state: 'corrupt', reason: 'its directory is a symbolic link' }
  const read = readRecord(recordPath(root, run_id, name), validate)
  if (read.state !== 'ok' || read.record.run_id === run_id) return read
  return { state: 'corrupt', reason: `it is a record of run ${read.record.run_id}` }
}

export type RecordName = 'intent' | 'owner' | 'main' | 'ready' | 'answered' | 'stop' | 'force' | 'end'

export const recordPath = (root: StateRoot, run_id: string, name: RecordName): string =>
  `${root.run(run_id)}/${name}.json`

/** Whether anything is under a record's name, whatever it says. */
export const isThere = (root: StateRoot, run_id: string, name: RecordName): boolean =>
  existsSync(recordPath(root, run_id, name)) && !isDisplaced(root, run_id)

/** Whether the end of a run stands: what has its name and cannot be read says nothing of the run. */
export const hasEnded = (root: StateRoot, run_id: string): boolean =>
  isThere(root, run_id, 'end') && readEnd(root, run_id).state !== 'corrupt'

export const logPath = (root: StateRoot, run_id: string): string => `${root.run(run_id)}/output.log`

export const journalPath = (root: StateRoot, run_id: string): string => `${root.run(run_id)}/seen.log`
