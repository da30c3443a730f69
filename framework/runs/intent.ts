/**
 * Writing a run down before anything of it runs: directory, `intent.json`, its name in the directory of the run that it
 * is started inside of, then its name in `live/`.
 */
import { closeSync, existsSync, openSync, rmSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import validateIntent from '../../schemas/generated/validate-run-intent.js'
import { errnoOf } from '../process/errno.js'
import { createPrivateDirectory, isSymlink } from '../store/private-directory.js'
import { publish } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'
import { pruneHistory, removeRun } from './prune.js'
import { type RunIntent, recordPath } from './records.js'

/**
 * Records the intent of a run. After it returns the run is known to every reader as `pending`.
 * @throws InvalidIntent where no reader would accept it; NodeJS.ErrnoException where the disk refuses.
 *   Nothing of the run is left then
 */
export function recordIntent(root: StateRoot, intent: RunIntent): void {
  if (!validateIntent(intent)) {
    const [fault] = validateIntent.errors ?? []
    throw new InvalidIntent(`${fault?.instancePath.slice(1) || 'it'} ${fault?.message ?? 'is not valid'}`)
  }
  const directory = root.run(intent.run_id)
  if (createPrivateDirectory(directory) === 'exists') throw new Error(`run ${intent.run_id} is there already`)
  try {
    publish(recordPath(root, intent.run_id, 'intent'), intent, { sync: true })
    enterOuter(root, intent)
    closeSync(openSync(root.live(intent.run_id), 'wx', 0o600))
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
  pruneHistory(root, intent.run_id)
}

/** By the names in it a run that ends finds those inside it, and need not read all that live. */
export const nestedDirectory = (root: StateRoot, run_id: string): string => join(root.run(run_id), 'nested')

function enterOuter(root: StateRoot, { run_id, parent_run_id }: RunIntent): void {
  if (parent_run_id === null) return
  const directory = nestedDirectory(root, parent_run_id)
  try {
    if (createPrivateDirectory(directory) === 'exists' && isSymlink(directory)) return
    closeSync(openSync(join(directory, run_id), 'wx', 0o600))
  } catch (error) {
    // An outer run that is recorded elsewhere, or no more, ends nothing of ours. Where something else stands in the
    // place of the directory, or it is closed, the outer run reads the intents of all that live.
    if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) throw error
  }
}

/** A run that would be recorded with what no reader accepts, such as an argument that is no string. */
class InvalidIntent extends Error {
  constructor(fault: string) {
    super(`the run cannot be recorded: ${fault}`)
    this.name = 'InvalidIntent'
  }
}

/**
 * Takes back the record of a run that nobody claimed and of which nothing ran, where not even its end can be recorded.
 * Somebody who claims it at this moment finds no directory to claim it in, and starts nothing.
 */
export function withdrawIntent(root: StateRoot, run_id: string): void {
  // First: a name in `live/` alone says that the records of a run that may live were removed.
  leaveLive(root, run_id)
  try {
    removeRun(root, run_id)
  } catch {
    // Withdrawn before; or the disk has become read-only: the record stays, as a run whose starter died.
  }
}

/**
 * Puts the name of a run that lives back into `live/` where somebody took it away: without it whoever lists what lives
 * misses it. Never throws.
 */
export function stayLive(root: StateRoot, run_id: string): void {
  const path = root.live(run_id)
  if (existsSync(path)) return
  const directory = dirname(path)
  try {
    // What a symlink leads to is somebody else's.
    if (createPrivateDirectory(directory) === 'exists' && isSymlink(directory)) return
    closeSync(openSync(path, 'wx', 0o600))
  } catch {
    // The disk does not take it now; its owner asks again.
  }
}

/** Takes a run's name out of `live/`: nothing of it is alive any more. */
export function leaveLive(root: StateRoot, run_id: string): void {
  try {
    unlinkSync(root.live(run_id))
  } catch {
    // Gone already; or the disk has become read-only, and who looks finds the run ended all the same.
  }
}
