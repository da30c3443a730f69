/** The temporary below every record: made beside its target, private, gone afterwards, and given its name by link(2). */
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errnoOf } from '../process/errno.js'
import { withSpareDescriptor } from '../process/proc-file.js'
import { newRunId } from './ids.js'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants

/** `exists`: another writer was first; what stands is theirs. */
export type Published = 'published' | 'exists'

/** Records cannot be published on a file system without hard links, such as FAT or some network mounts. */
export class HardLinksUnsupported extends Error {
  readonly code = 'HARD_LINKS_UNSUPPORTED'
  readonly path: string
  readonly errno: string

  constructor(path: string, errno: string) {
    super(
      `${dirname(path)} is on a file system without hard links (${errno}): records need one that has them`,
    )
    this.name = 'HardLinksUnsupported'
    this.path = path
    this.errno = errno
  }
}

/** What no other process has in its names, and how many names this one has made. */
let own: string | null = null
let made = 0

/** A hidden name beside the target that nobody has. */
export function temporaryPath(target: string, ending: string): string {
  own ??= newRunId()
  made += 1
  return join(dirname(target), `.${basename(target)}.${own}-${made}${ending}`)
}

/**
 * Makes a new file, mode 0600 whatever the umask; never opens one that is there, or a symlink's target.
 * @returns its descriptor
 */
export function createPrivateFile(path: string): number {
  const fd = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    fchmodSync(fd, 0o600)
    return fd
  } catch (error) {
    closeSync(fd)
    removeQuietly(path)
    throw error
  }
}

/**
 * Gives the file its second name, if nobody has that name.
 * @param links how many names the temporary has so far
 * @throws HardLinksUnsupported, NodeJS.ErrnoException
 */
export function linkOnce(temporary: string, target: string, links = 1): Published {
  try {
    linkSync(temporary, target)
    return 'published'
  } catch (error) {
    const errno = errnoOf(error)
    switch (errno) {
      case 'EEXIST':
        // A network file system repeats a call whose answer was lost: then the name that exists is ours.
        return statSync(temporary).nlink > links ? 'published' : 'exists'
      case 'EPERM':
      case 'ENOSYS':
      case 'ENOTSUP':
      case 'EOPNOTSUPP':
        throw new HardLinksUnsupported(target, errno)
      default:
        throw error
    }
  }
}

/** Makes a new name survive a crash of the machine (fsync(2): a file's fsync does not sync its directory). */
export function syncDirectoryOf(path: string): void {
  withSpareDescriptor(() => syncDirectory(dirname(path)))
}

function syncDirectory(path: string): void {
  const fd = openSync(path, O_RDONLY | O_DIRECTORY)
  try {
    fsyncSync(fd)
  } catch (error) {
    // Some file systems sync no directories; then there is nothing more that could be done.
    if (errnoOf(error) !== 'EINVAL') throw error
  } finally {
    closeSync(fd)
  }
}

export function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone already, or the whole directory is.
  }
}

/** A record as it stands in its file: one line of JSON. */
export function encode(record: object): Buffer {
  return Buffer.from(`${JSON.stringify(record)}\n`)
}
