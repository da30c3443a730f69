/** Why watching is not possible, in words a person can act on: one place for the kernel's errors and their fixes. */
import { closeSync, openSync } from 'node:fs'
import type { FailureCode } from './exit-codes.js'

/** The watcher cannot start; becomes the `failed` line. `path` is a byte path (see disk.ts). */
export class WatchFailure extends Error {
  readonly code: FailureCode
  readonly path: string
  readonly fix: string

  constructor(code: FailureCode, path: string, message: string, fix: string) {
    super(message)
    this.name = 'WatchFailure'
    this.code = code
    this.path = path
    this.fix = fix
  }
}

/**
 * Names the cause of a failed system call on the watched directory.
 * @param errno the error's name, such as `ENOENT`; null where there is none
 * @param path the byte path that it was about
 */
export function failureOf(errno: string | null, path: string): WatchFailure {
  switch (errno) {
    case 'ENOENT':
      return new WatchFailure('NOT_FOUND', path, 'The directory does not exist', 'Name an existing directory')
    case 'ENOTDIR':
      return new WatchFailure('NOT_A_DIRECTORY', path, 'This is not a directory', 'Name a directory')
    case 'EACCES':
    case 'EPERM':
      return new WatchFailure(
        'NOT_READABLE',
        path,
        'The directory may not be read',
        'Give this user read and search permission: chmod u+rx <directory>',
      )
    case 'ENOSPC':
      return watchLimit(path)
    case 'EMFILE':
    case 'ENFILE':
      return errno === 'EMFILE' && canOpenFiles() ? instanceLimit(path) : openFileLimit(path)
    default:
      return new WatchFailure(
        'CANNOT_WATCH',
        path,
        `The directory cannot be watched (${errno ?? 'unknown error'})`,
        'Look the system error up in errno(3), or watch another directory',
      )
  }
}

/** inotify_add_watch(2): ENOSPC is the user's limit on watches, not a full disk. */
function watchLimit(path: string): WatchFailure {
  return new WatchFailure(
    'WATCH_LIMIT',
    path,
    'The limit on inotify watches of this user is reached (/proc/sys/fs/inotify/max_user_watches)',
    'Raise it: sudo sysctl fs.inotify.max_user_watches=524288; or watch a smaller directory',
  )
}

/** inotify_init(2): EMFILE is the user's limit on instances as well as the process's limit on open files. */
function instanceLimit(path: string): WatchFailure {
  return new WatchFailure(
    'WATCH_LIMIT',
    path,
    'The limit on inotify instances of this user is reached (/proc/sys/fs/inotify/max_user_instances; ' +
      'max_user_watches beside it limits the watches)',
    'Raise it: sudo sysctl fs.inotify.max_user_instances=1024; or end other watching programs',
  )
}

function openFileLimit(path: string): WatchFailure {
  return new WatchFailure(
    'TOO_MANY_OPEN_FILES',
    path,
    'No more files can be opened',
    'Raise the limit (ulimit -n), or end programs that hold many files',
  )
}

function canOpenFiles(): boolean {
  try {
    closeSync(openSync('/', 'r'))
    return true
  } catch {
    return false
  }
}
