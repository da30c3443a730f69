/**
 * Finding the hole of a capped log. Node cannot ask for it (lseek(2), SEEK_HOLE), so it is inferred: it begins where
 * the head ends, reads as zeros, and the disk holds fewer bytes than the file is long.
 */
import { LOG_BLOCK_BYTES, logHeadBytes } from '../log-shape.js'
import type { LogFile } from './log-file.js'
import { leadingZeroBlocks } from './zeros.js'

/** What is missing of a log, by positions in its file. */
export interface Gap {
  readonly start: number
  readonly end: number
}

/** How far the disk's account may be above the file's size without saying anything: blocks of the file system's own. */
const OWN_BLOCKS_BYTES = 16 * 1024
/** A hole is longer: less of zeros is what a program wrote. */
const SHORTEST_GAP_BYTES = 1024 * 1024
/** So many places of a supposed hole are looked at instead of all of it. */
const SAMPLES = 16
const CHUNK_BYTES = 256 * 1024

/** Looks for the hole as it is now; its owner may make it longer at any moment. */
export async function findGap(file: LogFile): Promise<Gap | null> {
  const start = logHeadBytes(file.max_bytes)
  const { size, on_disk } = file.extent
  if (size < start + LOG_BLOCK_BYTES || !(await isZeroAt(file, start))) return null
  const missing = (Math.ceil(size / LOG_BLOCK_BYTES) - Math.ceil(on_disk / LOG_BLOCK_BYTES)) * LOG_BLOCK_BYTES
  // Every byte has its place on the disk: somebody wrote these zeros. Far more places than bytes say nothing, since
  // some file systems allocate ahead of a growing file (XFS, speculative preallocation).
  if (missing <= 0 && missing >= -OWN_BLOCKS_BYTES) return null
  const end = await endOfZeros(file, await surelyZero(file, start, missing))
  const shortest = Math.min(SHORTEST_GAP_BYTES, (file.max_bytes - start) / 4)
  return end - start < shortest ? null : { start, end }
}

/**
 * The hole is at least as long as what the disk lacks, which may be too long to be read.
 * @returns up to where nothing needs to be looked at
 */
async function surelyZero(file: LogFile, start: number, missing: number): Promise<number> {
  if (missing < CHUNK_BYTES) return start
  for (let sample = 1; sample <= SAMPLES; sample += 1) {
    const block = Math.floor(((missing / SAMPLES) * sample) / LOG_BLOCK_BYTES) - 1
    // Something else makes the file smaller than it is, such as compression.
    if (!(await isZeroAt(file, start + block * LOG_BLOCK_BYTES))) return start
  }
  return start + missing
}

async function endOfZeros(file: LogFile, from: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  for (let position = from; ; ) {
    const bytes = await file.read(buffer, position)
    const zeros = leadingZeroBlocks(bytes)
    position += zeros
    if (zeros < bytes.length || bytes.length === 0) return position
  }
}

async function isZeroAt(file: LogFile, position: number): Promise<boolean> {
  const bytes = await file.read(Buffer.allocUnsafe(LOG_BLOCK_BYTES), position)
  return bytes.length > 0 && leadingZeroBlocks(bytes) === bytes.length
}
