/** The one error of a place for records that cannot be trusted or used: what is wrong, where, and what to set instead. */
import { errnoOf } from '../process/errno.js'

export type StateDirReason =
  | 'not_absolute'
  | 'symlink'
  | 'not_a_directory'
  | 'wrong_owner'
  | 'writable_by_others'
  | 'cannot_create'
  | 'not_accessible'
  | 'read_only'
  | 'no_space'
  | 'no_hard_links'

const SENTENCES: Readonly<Record<StateDirReason, string>> = {
  not_absolute: 'is no absolute path',
  symlink: 'is a symbolic link',
  not_a_directory: 'is not a directory',
  wrong_owner: 'belongs to another user',
  writable_by_others: 'can be written by other users',
  cannot_create: 'cannot be made',
  not_accessible: 'cannot be used',
  read_only: 'is on a read-only file system',
  no_space: 'is on a full file system',
  no_hard_links: 'is on a file system without hard links',
}

const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'])

/** The state directory cannot be used: exit 4, `STATE_DIR_UNAVAILABLE`. */
export class StateDirUnavailable extends Error {
  readonly code = 'STATE_DIR_UNAVAILABLE'
  readonly path: string
  readonly reason: StateDirReason
  /** The environment variable that names another place. */
  readonly variable: string
  /** What the system said, such as EACCES; null where it allowed everything. */
  readonly errno: string | null

  constructor(reason: StateDirReason, path: string, variable: string, errno: string | null = null) {
    super(
      `${path} ${SENTENCES[reason]}${errno ? ` (${errno})` : ''}: set ${variable} to a directory of your own`,
    )
    this.name = 'StateDirUnavailable'
    this.reason = reason
    this.path = path
    this.variable = variable
    this.errno = errno
  }
}

/** What a failed system call says about the place; `otherwise` where it says nothing special. */
export function reasonOf(error: unknown, otherwise: StateDirReason): StateDirReason {
  switch (errnoOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no_space'
    case 'EROFS':
      return 'read_only'
    case 'ENOTDIR':
      return 'not_a_directory'
    case 'HARD_LINKS_UNSUPPORTED':
      return 'no_hard_links'
    case 'ELOOP':
      return 'symlink'
    default:
      return otherwise
  }
}

/**
 * What a failed publication says about the state root, as the error that every command answers with.
 * @returns null where the failure does not come from the place
 */
export function asStateDirUnavailable(
  error: unknown,
  path: string,
  variable: string,
): StateDirUnavailable | null {
  if (error instanceof StateDirUnavailable) return error
  const errno = errnoOf(error)
  // Our own shortage, of processes too (fork(2)), or no answer of the system at all.
  if (errno === null || SHORTAGES.has(errno)) return null
  return new StateDirUnavailable(reasonOf(error, 'not_accessible'), path, variable, errno)
}
