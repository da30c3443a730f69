/**
 * What the disk says about one path: the only file that asks it. Paths and names are byte strings (one character for
 * one byte, latin1), because a file name on Linux is any bytes, not always UTF-8.
 */
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs'
import { release } from 'node:os'

export type EntryType = 'file' | 'directory' | 'symlink' | 'other'

/** One look at one entry. */
export interface Found {
  /** Device, inode, birth time, type: the same file as long as this is the same, whatever its name. */
  readonly id: string
  readonly type: EntryType
  /** Differs when content or permissions differ. Nothing of a directory's content counts as its own. */
  readonly stamp: string
  readonly ctime: bigint
  /** No later change can hide behind the same ctime. */
  readonly settled: boolean
}

/** `denied`: the disk does not say (permission, a path too long, an I/O error). */
type Looked = Found | 'absent' | 'denied'

/** `busy`: too many open files just now. */
type Listed = readonly string[] | 'absent' | 'denied' | 'busy'

/** A JavaScript string as a byte string. */
export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** A byte path as the file system takes it. */
export function toPath(bytes: string): Buffer {
  return Buffer.from(bytes, 'latin1')
}

/** The name of the system error, such as `ENOENT`. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/** Looks at an entry itself: a symbolic link is never followed. */
export function lookAt(path: string): Looked {
  try {
    const stats = lstatSync(toPath(path), { bigint: true, throwIfNoEntry: false })
    return stats ? describe(stats) : 'absent'
  } catch (error) {
    return refusal(errnoOf(error))
  }
}

/** The names in a directory. */
export function list(path: string): Listed {
  try {
    return readdirSync(toPath(path), { encoding: 'buffer' }).map(name => name.toString('latin1'))
  } catch (error) {
    const errno = errnoOf(error)
    return errno === 'EMFILE' || errno === 'ENFILE' ? 'busy' : refusal(errno)
  }
}

/**
 * Whether an entry changed between two looks.
 * @param hinted the kernel said so: then only a proof of the contrary counts, and a ctime that moved is enough
 *   (a rename moves it too, so without the kernel's word it says nothing)
 */
export function differs(before: Found, now: Found, hinted: boolean): boolean {
  return before.stamp !== now.stamp || (hinted && (before.ctime !== now.ctime || !before.settled))
}

/** ENOTDIR: a parent was replaced by something else, so the entry is gone too. */
function refusal(errno: string | null): 'absent' | 'denied' {
  return errno === 'ENOENT' || errno === 'ENOTDIR' ? 'absent' : 'denied'
}

function describe(stats: BigIntStats): Found {
  const type = typeOf(stats)
  const permissions = `${stats.mode}:${stats.uid}:${stats.gid}`
  return {
    // An inode number is used again as soon as its file is gone; the birth time tells the two files apart.
    id: `${stats.dev}:${stats.ino}:${stats.birthtimeNs}:${type}`,
    type,
    stamp: type === 'directory' ? permissions : `${stats.mtimeNs}:${stats.size}:${permissions}`,
    ctime: stats.ctimeNs,
    settled: Date.now() - Number(stats.ctimeMs) > TIMESTAMP_GRAIN_MS,
  }
}

function typeOf(stats: BigIntStats): EntryType {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  return stats.isSymbolicLink() ? 'symlink' : 'other'
}

/**
 * Two changes within one tick of the kernel's clock leave the same timestamp (time(7): a jiffy, up to 10 ms). Since
 * Linux 6.13 a timestamp that was looked at is never given again (multigrain timestamps).
 */
const TIMESTAMP_GRAIN_MS = hasMultigrainTimestamps(release()) ? -Number.MAX_VALUE : 10

function hasMultigrainTimestamps(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number)
  return process.platform === 'linux' && (major > 6 || (major === 6 && minor >= 13))
}
