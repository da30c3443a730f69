/** Reading a record back: whatever is on the disk, the answer says which of four things it is, and never guesses. */
import { closeSync, constants, fstatSync, openSync, readSync, renameSync } from 'node:fs'
import type { Validator } from '../../schemas/generated/types.js'
import { errnoOf } from '../process/errno.js'
import { withSpareDescriptor } from '../process/proc-file.js'
import { newRunId } from './ids.js'

/** A record longer than this was not written by us. */
const MAX_BYTES = 4 * 1024 * 1024
/** The major version that this code reads. */
const MAJOR = 1

export type ReadResult<T> =
  | { readonly state: 'ok'; readonly record: T }
  | { readonly state: 'absent' }
  /** Written by a later version of the tool: to be left alone. */
  | { readonly state: 'newer'; readonly schema_version: string }
  /** There, and no record: neither to be trusted nor to be taken for absent. `reason` is for people. */
  | { readonly state: 'corrupt'; readonly reason: string }

/**
 * Reads one record.
 * @param validate the generated validator of its schema
 * @throws NodeJS.ErrnoException where the system could not answer, such as EMFILE or EIO
 */
export function readRecord<T>(path: string, validate: Validator<T>): ReadResult<T> {
  const file = withSpareDescriptor(() => readFile(path))
  if (typeof file !== 'string') return file
  let value: unknown
  try {
    value = JSON.parse(file)
  } catch {
    return corrupt(file === '' ? 'it is empty' : 'it is not JSON')
  }
  const newer = newerVersion(value)
  if (newer !== null) return { state: 'newer', schema_version: newer }
  if (validate(value)) return { state: 'ok', record: value }
  const [fault] = validate.errors ?? []
  return corrupt(`${fault?.instancePath || 'it'} ${fault?.message ?? 'does not fit its schema'}`)
}

/**
 * Takes a record that cannot be used out of the way, whatever stands there, and keeps it.
 * @param beside its name from now on, but for the end of it
 * @returns its new path; null where it is gone already
 */
export function setAside(path: string, beside: string = path): string | null {
  const aside = `${beside}.corrupt-${newRunId()}`
  try {
    renameSync(path, aside)
    return aside
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

function readFile(path: string): string | { state: 'absent' } | { state: 'corrupt'; reason: string } {
  let fd: number
  try {
    // Neither a symlink's target nor a FIFO that would wait for a writer (open(2)).
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    return unopened(error)
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return corrupt('it is not a regular file')
    if (stat.size > MAX_BYTES) return corrupt(`it is longer than ${MAX_BYTES} bytes`)
    return readText(fd, stat.size)
  } finally {
    closeSync(fd)
  }
}

function unopened(error: unknown): { state: 'absent' } | { state: 'corrupt'; reason: string } {
  switch (errnoOf(error)) {
    case 'ENOENT':
      return { state: 'absent' }
    case 'ELOOP':
      return corrupt('it is a symbolic link')
    case 'ENOTDIR':
      return corrupt('its directory is not a directory')
    case 'ENXIO':
      return corrupt('it is not a regular file')
    case 'EACCES':
    case 'EPERM':
      return corrupt('it may not be read')
    default:
      throw error
  }
}

function readText(fd: number, size: number): string {
  const bytes = Buffer.allocUnsafe(size)
  let length = 0
  while (length < size) {
    const count = readSync(fd, bytes, length, size - length, length)
    if (count === 0) break
    length += count
  }
  return bytes.toString('utf8', 0, length)
}

const corrupt = (reason: string): { state: 'corrupt'; reason: string } => ({ state: 'corrupt', reason })

function newerVersion(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('schema_version' in value)) return null
  const { schema_version } = value
  if (typeof schema_version !== 'string') return null
  const major = /^(\d+)\.\d+$/.exec(schema_version)?.[1]
  return major !== undefined && Number(major) > MAJOR ? schema_version : null
}
