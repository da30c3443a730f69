/** Directories that hold records: ours alone whatever the umask, and never taken on trust. */
import { accessSync, chmodSync, constants, lstatSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoOf } from '../process/errno.js'
import { reasonOf, type StateDirReason, StateDirUnavailable } from './state-dir-unavailable.js'

const { R_OK, W_OK, X_OK } = constants
const GROUP_OR_OTHERS_WRITE = 0o022

/**
 * Makes a directory, mode 0700 whatever the umask; its parent must be there.
 * @returns `exists` where something of that name was there already, whatever it is
 * @throws NodeJS.ErrnoException
 */
export function createPrivateDirectory(path: string): 'created' | 'exists' {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return 'exists'
    throw error
  }
  // umask(2) takes bits from the owner, too.
  chmodSync(path, 0o700)
  return 'created'
}

/** Whether a symlink stands there: what it leads to is not ours to write or remove. */
export const isSymlink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

/**
 * Verifies a directory for writing, and makes it with all missing parents, each private, where it is not there.
 * @param variable the environment variable that the error names
 * @throws StateDirUnavailable
 */
export function ensurePrivateDirectory(path: string, variable: string): void {
  if (isPrivateDirectory(path, variable, R_OK | W_OK | X_OK)) return
  try {
    createWithParents(path)
  } catch (error) {
    throw new StateDirUnavailable(reasonOf(error, 'cannot_create'), path, variable, errnoOf(error))
  }
  if (!isPrivateDirectory(path, variable, R_OK | W_OK | X_OK))
    throw new StateDirUnavailable('cannot_create', path, variable, 'ENOENT')
}

/**
 * Verifies a directory for reading.
 * @returns false where nothing is there
 * @throws StateDirUnavailable where what is there is no directory of ours that nobody else can write
 */
export function verifyPrivateDirectory(path: string, variable: string): boolean {
  return isPrivateDirectory(path, variable, R_OK | X_OK)
}

function isPrivateDirectory(path: string, variable: string, mode: number): boolean {
  const refuse = (reason: StateDirReason, errno: string | null = null): never => {
    throw new StateDirUnavailable(reason, path, variable, errno)
  }
  try {
    const stat = lstatSync(path)
    if (stat.isSymbolicLink()) return refuse('symlink')
    if (!stat.isDirectory()) return refuse('not_a_directory')
    if (stat.uid !== process.geteuid?.()) return refuse('wrong_owner')
    if ((stat.mode & GROUP_OR_OTHERS_WRITE) !== 0) return refuse('writable_by_others')
    accessSync(path, mode)
    return true
  } catch (error) {
    if (error instanceof StateDirUnavailable) throw error
    if (errnoOf(error) === 'ENOENT') return false
    return refuse(reasonOf(error, 'not_accessible'), errnoOf(error))
  }
}

function createWithParents(path: string): void {
  try {
    createPrivateDirectory(path)
  } catch (error) {
    const parent = dirname(path)
    if (errnoOf(error) !== 'ENOENT' || parent === path) throw error
    createWithParents(parent)
    createPrivateDirectory(path)
  }
}
