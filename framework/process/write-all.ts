/** Writing to the end: write(2) may take less than it was given, and a nearly full disk does. */
import { writeSync } from 'node:fs'

/**
 * Writes all bytes.
 * @param position where in the file; null: where its offset is (the end, for O_APPEND)
 * @returns the number of bytes
 * @throws NodeJS.ErrnoException such as ENOSPC, after part of the bytes may have been written
 */
export function writeAll(fd: number, bytes: Uint8Array, position: number | null = null): number {
  let written = 0
  while (written < bytes.length) {
    const at = position === null ? null : position + written
    const count = writeSync(fd, bytes, written, bytes.length - written, at)
    if (count === 0)
      throw Object.assign(new Error('ENOSPC: the file takes no more bytes'), { code: 'ENOSPC' })
    written += count
  }
  return written
}
