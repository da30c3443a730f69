/** The file below a journal: appended to by lines, read back whatever a dying writer or a full disk left in it. */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { ProcessIdentity } from './identity.js'
import { writeAll } from './write-all.js'

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants
const NEWLINE = 0x0a

/**
 * Appends, making the file where there is none.
 * @returns the file's size afterwards
 * @throws NodeJS.ErrnoException such as ENOSPC; ELOOP for a symlink
 */
export function appendLines(path: string, lines: Buffer): number {
  refuseDisplaced(path)
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
  try {
    const size = sizeOfPrivate(fd)
    if (lines.length === 0) return size
    // Half a line of a writer that died, or met a full disk, must not swallow ours.
    const torn = size > 0 && lastByte(fd, size) !== NEWLINE
    return size + writeAll(fd, torn ? Buffer.concat([Buffer.from([NEWLINE]), lines]) : lines)
  } finally {
    closeSync(fd)
  }
}

/**
 * Puts a new file in the place of the old one; on failure the old one stays.
 * @returns the new file's size
 */
export function replaceFile(path: string, lines: Buffer): number {
  refuseDisplaced(path)
  const temporary = `${path}.${process.pid}.tmp`
  rmSync(temporary, { force: true })
  try {
    const fd = openSync(temporary, O_RDWR | O_CREAT | O_EXCL, 0o600)
    try {
      sizeOfPrivate(fd)
      writeAll(fd, lines)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, path)
    return lines.length
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

export function readText(path: string): string {
  refuseDisplaced(path)
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    return fstatSync(fd).isFile() ? readFileSync(fd, 'utf8') : ''
  } finally {
    closeSync(fd)
  }
}

export function linesOf(identities: Iterable<ProcessIdentity>): Buffer {
  return Buffer.from([...identities].map(identity => `${JSON.stringify(identity)}\n`).join(''))
}

/** @returns what the whole lines say; a torn line costs itself alone */
export function parseLines(text: string): ProcessIdentity[] {
  return text
    .split('\n')
    .map(parseLine)
    .filter(identity => identity !== null)
}

function parseLine(line: string): ProcessIdentity | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  return isIdentity(value) ? value : null
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false
  const { host_id, boot_id, pid_namespace, pid, start_time }: Partial<Record<string, unknown>> = { ...value }
  const named = [host_id, boot_id, pid_namespace].every(text => typeof text === 'string' && text !== '')
  return named && isNatural(pid) && pid > 0 && isNatural(start_time)
}

const isNatural = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** What a symlink in the place of a journal's directory leads to is the journal of other processes. */
function refuseDisplaced(path: string): void {
  if (lstatSync(dirname(path), { throwIfNoEntry: false })?.isSymbolicLink())
    throw Object.assign(new Error(`the directory of ${path} is a symlink`), { code: 'ELOOP' })
}

/** A regular file, and private whatever the umask made of it. */
function sizeOfPrivate(fd: number): number {
  const stat = fstatSync(fd)
  if (!stat.isFile()) throw Object.assign(new Error('the journal is no regular file'), { code: 'ENOTREG' })
  if ((stat.mode & 0o777) !== 0o600) fchmodSync(fd, 0o600)
  return stat.size
}

function lastByte(fd: number, size: number): number | undefined {
  const byte = Buffer.alloc(1)
  return readSync(fd, byte, 0, 1, size - 1) === 1 ? byte[0] : undefined
}
