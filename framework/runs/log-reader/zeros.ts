/** Looking for what may be a hole: blocks of a file that read as nothing but zeros. */
import { LOG_BLOCK_BYTES } from '../log-shape.js'

const ZEROS = Buffer.alloc(LOG_BLOCK_BYTES)

/**
 * The first block, or part of one, that is all zeros.
 * @param bytes of a file
 * @param position where in the file they begin
 * @param from the position from which on blocks are looked at
 * @returns its index in `bytes`; -1 where there is none
 */
export function firstZeroBlock(bytes: Buffer, position: number, from: number): number {
  for (let begin = Math.max(0, from - position); begin < bytes.length; ) {
    const end = Math.min(bytes.length, begin + LOG_BLOCK_BYTES - ((position + begin) % LOG_BLOCK_BYTES))
    if (isZero(bytes, begin, end)) return begin
    begin = end
  }
  return -1
}

/** How many bytes from the beginning on are zeros, in whole blocks of the file. @param bytes begin at a block's begin */
export function leadingZeroBlocks(bytes: Buffer): number {
  let length = 0
  while (length < bytes.length && isZero(bytes, length, Math.min(bytes.length, length + LOG_BLOCK_BYTES)))
    length += LOG_BLOCK_BYTES
  return Math.min(length, bytes.length)
}

// The first byte decides nearly always.
const isZero = (bytes: Buffer, begin: number, end: number): boolean =>
  bytes[begin] === 0 && bytes.compare(ZEROS, 0, end - begin, begin, end) === 0
