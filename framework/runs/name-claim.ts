/**
 * Names that at most one live run of a session has. A claim is a numbered record, published by link(2); a run has the
 * name when its claim is there and, looked at afterwards, no other claim is of a run that may live. Of two that
 * claimed at the same moment by different numbers both see the other, and both try again; so it does not matter which
 * claims of runs that are over are still there, and whoever died has lost the name without anybody's doing.
 */
import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { NameClaim } from '../../schemas/generated/types.js'
import validate from '../../schemas/generated/validate-name-claim.js'
import { errnoOf } from '../process/errno.js'
import { createPrivateDirectory } from '../store/private-directory.js'
import { publish, readRecord } from '../store/record.js'
import { isSessionId } from '../store/session-id.js'
import type { StateRoot } from '../store/state-root.js'
import { liveRunIds } from './find.js'
import { RECORD_VERSION, readIntent, readOwner } from './records.js'
import { type RunView, viewRun } from './status.js'

const DIRECTORY_TRIES = 20
const NUMBER = /^[1-9][0-9]*$/

/** A name within its session. */
export interface UniqueName {
  readonly session_id: string
  /** Of the form of a session's id. */
  readonly name: string
}

/** The runs that have the name or are about to have it; at most one once all that claim it have looked. */
export function holdersOf(root: StateRoot, unique: UniqueName): RunView[] {
  return holdersBy(root, unique, claimsIn(root, unique))
}

/**
 * Claims a name for a run whose intent is recorded, and of which nothing runs yet.
 * @returns false where somebody else has it, or wants it at the same moment: nothing of the claim is left then
 * @throws NodeJS.ErrnoException where the disk takes no record
 */
export function claimName(root: StateRoot, unique: UniqueName, run_id: string): boolean {
  const { session_id, name } = unique
  const directory = root.name(session_id, name)
  const claim: NameClaim = {
    schema_version: RECORD_VERSION,
    session_id,
    name,
    run_id,
    claimed_at: new Date().toISOString(),
  }
  const number = 1 + Math.max(0, ...claimsIn(root, unique).map(({ number }) => number))
  const path = join(directory, String(number))
  if (inDirectory(root, directory, () => publish(path, claim, { sync: false })) === 'exists') return false
  const others = claimsIn(root, unique).filter(other => other.number !== number)
  if (holdersBy(root, unique, others).some(holder => holder.run_id !== run_id)) {
    remove(path)
    return false
  }
  for (const other of others) if (other.run_id !== null) remove(join(directory, String(other.number)))
  return true
}

/** Removes claims of runs that were over before a moment, and the directories that are then empty. Never throws. */
export function pruneNames(root: StateRoot, before_ms: number): void {
  const names = join(root.path, 'names')
  for (const session_id of entriesOf(names).filter(isSessionId)) {
    for (const name of entriesOf(join(names, session_id)).filter(isSessionId)) {
      const unique = { session_id, name }
      const directory = root.name(session_id, name)
      for (const claim of claimsIn(root, unique)) {
        const path = join(directory, String(claim.number))
        const claimed = lstatSync(path, { throwIfNoEntry: false })
        if (claimed && claimed.mtimeMs < before_ms && holdersBy(root, unique, [claim]).length === 0)
          remove(path)
      }
      removeIfEmpty(directory)
    }
    removeIfEmpty(join(names, session_id))
  }
}

interface Claim {
  readonly number: number
  /**
   * Null where it cannot be read, or its run is on record no more, or never had the name: a crash of the machine took it,
   * and its run with it, or somebody damaged it.
   */
  readonly run_id: string | null
}

/** By number. */
function claimsIn(root: StateRoot, unique: UniqueName): Claim[] {
  const directory = root.name(unique.session_id, unique.name)
  return entriesOf(directory)
    .filter(entry => NUMBER.test(entry))
    .map(Number)
    .sort((a, b) => a - b)
    .map(number => {
      const read = readRecord<NameClaim>(join(directory, String(number)), validate)
      return {
        number,
        run_id: read.state === 'ok' && isOf(root, unique, read.record) ? read.record.run_id : null,
      }
    })
}

function isOf(root: StateRoot, { session_id, name }: UniqueName, claim: NameClaim): boolean {
  if (claim.session_id !== session_id || claim.name !== name) return false
  const intent = readIntent(root, claim.run_id)
  if (intent.state !== 'ok') return intent.state !== 'absent'
  return intent.record.session_id === session_id && intent.record.name === name
}

/** Those of the claims' runs that may live. Whose a claim is that cannot be read is told by the runs that live. */
function holdersBy(root: StateRoot, unique: UniqueName, claims: readonly Claim[]): RunView[] {
  const claimed = claims.flatMap(({ run_id }) => run_id ?? [])
  const named = claimed.length < claims.length ? startedAs(root, unique) : []
  return [...new Set([...claimed, ...named])].map(run_id => viewRun(root, run_id)).filter(mayLive)
}

/** The runs that were recorded with the name, and have it: they would not have been started without. */
const startedAs = (root: StateRoot, { session_id, name }: UniqueName): string[] =>
  liveRunIds(root).filter(run_id => {
    const intent = readIntent(root, run_id)
    if (intent.state !== 'ok' || intent.record.is_name_unique !== true) return false
    if (intent.record.session_id !== session_id || intent.record.name !== name) return false
    return readOwner(root, run_id).state !== 'absent'
  })

/** Whether anything of the run may run, now or in a moment. Leftovers of one that has ended keep no name. */
const mayLive = ({ owner_state }: RunView): boolean => owner_state !== 'none'

/** Whoever prunes may remove an empty directory at any moment. */
function inDirectory<T>(root: StateRoot, directory: string, work: () => T): T {
  for (let tries = 1; ; tries += 1) {
    try {
      for (const path of [join(root.path, 'names'), dirname(directory), directory])
        createPrivateDirectory(path)
      return work()
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || tries >= DIRECTORY_TRIES) throw error
    }
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    // Nobody ever claimed it, or it has just been pruned.
    return []
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Somebody else removed it, or the disk has become read-only: it keeps nobody from the name.
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch {
    // A claim is in it.
  }
}
