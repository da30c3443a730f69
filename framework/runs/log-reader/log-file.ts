/** A run's log, opened for reading: its size at any moment, and its bytes by position. */
import { constants, fstatSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from '../../process/errno.js'
import { isSymlink } from '../../store/private-directory.js'
import { MARK_BYTES, markedBytes } from '../pane-mark.js'

/** What stands in the place of the log is none, or may not be read. */
export class LogUnreadable extends Error {
  readonly path: string
  /** What the system said; null where it allowed everything. */
  readonly errno: string | null

  constructor(path: string, reason: string, errno: string | null) {
    super(`${path} ${reason}`)
    this.name = 'LogUnreadable'
    this.path = path
    this.errno = errno
  }
}

export class LogFile {
  /** What the log may take on disk. */
  readonly max_bytes: number
  readonly #handle: FileHandle

  private constructor(handle: FileHandle, max_bytes: number) {
    this.#handle = handle
    this.max_bytes = max_bytes
  }

  /**
   * @param max_bytes what the log may take on disk; where it is not known, infinity
   * @returns null where there is no log
   * @throws LogUnreadable
   */
  static async open(path: string, max_bytes: number): Promise<LogFile | null> {
    let handle: FileHandle
    if (isSymlink(dirname(path))) throw new LogUnreadable(path, 'is behind a symbolic link', 'ELOOP')
    try {
      // Neither a symlink's target nor a FIFO that would wait for a writer (open(2)).
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOENT') return null
      const reason = errno === 'ELOOP' ? 'is a symbolic link' : 'cannot be read'
      throw new LogUnreadable(path, reason, errno)
    }
    if (fstatSync(handle.fd).isFile()) return new LogFile(handle, max_bytes)
    await handle.close()
    throw new LogUnreadable(path, 'is not a regular file', null)
  }

  get size(): number {
    return fstatSync(this.#handle.fd).size
  }

  /** Where it ends for who reads it now: the mark of a pane's shim is no part of it. */
  async end(): Promise<number> {
    const { size } = this
    const last = await this.read(Buffer.alloc(Math.min(size, MARK_BYTES)), Math.max(0, size - MARK_BYTES))
    return markedBytes(last) === MARK_BYTES ? size - MARK_BYTES : size
  }

  /** The size, and the bytes on disk: st_blocks counts units of 512 whatever the file system's block size (stat(2)). */
  get extent(): { readonly size: number; readonly on_disk: number } {
    const { size, blocks } = fstatSync(this.#handle.fd)
    return { size, on_disk: blocks * 512 }
  }

  /** Fills `into` from a position, as far as the file goes. @returns the part of `into` that was filled */
  async read(into: Buffer, position: number): Promise<Buffer> {
    let length = 0
    while (length < into.length) {
      const { bytesRead } = await this.#handle.read(into, length, into.length - length, position + length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return into.subarray(0, length)
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
