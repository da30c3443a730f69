/**
 * Reading /proc with little: one shared buffer, one descriptor at a time, and a spare one held back,
 * so that a process which has used up its descriptors can still find and end what it started.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { errnoOf } from './errno.js'

const FIRST_BYTES = 4096
/** More than the kernel lets an environment or an argument list have (execve(2): a quarter of the stack limit). */
const MAX_BYTES = 8 * 1024 * 1024
/** Gone, or not for us to look into (proc(5): hidepid, ptrace access mode). */
const UNREADABLE = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM'])

let buffer: Buffer | null = null
let spare: number | null = null
let is_kept = false

/**
 * Reads one file of /proc.
 * @returns its bytes, valid until the next call of this function; null where the process is gone or closed to us
 * @throws NodeJS.ErrnoException for everything else: a failed look is never an answer
 */
export function readProcFile(path: string): Buffer | null {
  return readWith(readWhole, path)
}

/**
 * Reads a list of /proc, which may be longer than a page: of such a one a read gets no more than whole entries that fit
 * into a page, however much room there is (seq_read in the kernel's fs/seq_file.c; measured: 4,092 bytes of a longer
 * list of children). Returns and throws as `readProcFile` does.
 */
export function readProcList(path: string): Buffer | null {
  return readWith(readToEnd, path)
}

function readWith(read: (fd: number) => Buffer, path: string): Buffer | null {
  return withSpareDescriptor(() => {
    let fd: number
    try {
      fd = openSync(path, 'r')
    } catch (error) {
      return nullIfUnreadable(error)
    }
    try {
      return read(fd)
    } catch (error) {
      return nullIfUnreadable(error)
    } finally {
      closeSync(fd)
    }
  })
}

/** The names in a directory of /proc, in the kernel's order. */
export function listProc(path: string): string[] {
  return withSpareDescriptor(() => readdirSync(path))
}

/** Holds one descriptor back for the time when there are no others. Costs one; a second call costs nothing. */
export function keepSpareDescriptor(): void {
  is_kept = true
  try {
    spare ??= openSync('/dev/null', 'r')
  } catch {
    // There is none to hold back; looks then work as long as the process has one.
  }
}

/**
 * Runs what needs one descriptor at a time, and gives up the spare one where there is no other.
 * @param work is run again then: without a descriptor it must have done nothing
 */
export function withSpareDescriptor<T>(work: () => T): T {
  // What was given up may not have come back at once.
  if (is_kept && spare === null) keepSpareDescriptor()
  try {
    return work()
  } catch (error) {
    const errno = errnoOf(error)
    if (spare === null || (errno !== 'EMFILE' && errno !== 'ENFILE')) throw error
  }
  closeSync(spare)
  spare = null
  try {
    return work()
  } finally {
    keepSpareDescriptor()
  }
}

/** One record, that comes whole where there is room for it: a short read is the end. */
const readWhole = (fd: number): Buffer => readUntil(fd, (read, room) => read < room)

const readToEnd = (fd: number): Buffer => readUntil(fd, read => read === 0)

function readUntil(fd: number, isEnd: (read: number, room: number) => boolean): Buffer {
  buffer ??= Buffer.allocUnsafeSlow(FIRST_BYTES)
  let length = 0
  for (;;) {
    const room = buffer.length - length
    const read = readSync(fd, buffer, length, room, null)
    length += read
    if (isEnd(read, room) || length >= MAX_BYTES) return buffer.subarray(0, length)
    if (length < buffer.length) continue
    const larger = Buffer.allocUnsafeSlow(buffer.length * 4)
    buffer.copy(larger, 0, 0, length)
    buffer = larger
  }
}

function nullIfUnreadable(error: unknown): null {
  if (UNREADABLE.has(errnoOf(error) ?? '')) return null
  throw error
}
