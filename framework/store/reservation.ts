/**
 * A record whose space is taken long before it is written, so that a full disk cannot keep it from being written.
 * Holds on file systems that overwrite in place; one that copies on write or compresses needs new space all the same.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errnoOf } from '../process/errno.js'
import { withSpareDescriptor } from '../process/proc-file.js'
import { writeAll } from '../process/write-all.js'
import {
  createPrivateFile,
  encode,
  linkOnce,
  type Published,
  removeQuietly,
  syncDirectoryOf,
  temporaryPath,
} from './temporary.js'

const RESERVED = '.reserved'
/** Taken over already: nobody else may, for its holder lives. */
const ADOPTED = '.adopted'
/** A second name of the same file: room in the directory, given up for the record's own name where there is no other. */
const SPARE = '.spare'
const SPACE = 0x20
/** What stat(2) counts blocks in. */
const BLOCK_BYTES = 512

/**
 * Takes the space for a record now, by a temporary of its full size beside it.
 * @param bytes how long the record may be
 * @throws HardLinksUnsupported; NodeJS.ErrnoException such as ENOSPC; nothing is left then
 */
export function reserve(path: string, bytes: number): Reservation {
  const temporary = temporaryPath(path, RESERVED)
  const reservation = new Reservation(
    path,
    temporary,
    createPrivateFile(temporary),
    bytes,
    spareOf(temporary),
  )
  try {
    reservation.fill()
    return reservation
  } catch (error) {
    reservation.release()
    throw error
  }
}

/**
 * Takes over the space that a process reserved which is dead by now; while it may live, two would write to one file.
 * Of several that try at once one succeeds.
 * @returns null where there is none
 */
export function adoptReservation(path: string): Reservation | null {
  const directory = dirname(path)
  const prefix = `.${basename(path)}.`
  for (const name of withSpareDescriptor(() => readdirSync(directory))) {
    if (!name.startsWith(prefix) || !name.endsWith(RESERVED)) continue
    const temporary = temporaryPath(path, ADOPTED)
    try {
      // Of several that try, one renames it.
      renameSync(join(directory, name), temporary)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') continue
      throw error
    }
    const fd = withSpareDescriptor(() => openSync(temporary, constants.O_RDWR | constants.O_NOFOLLOW))
    return new Reservation(path, temporary, fd, spaceOf(fd), spareOf(join(directory, name)))
  }
  return null
}

export class Reservation {
  readonly path: string
  readonly #temporary: string
  readonly #spare: string
  readonly #bytes: number
  #fd: number | null

  /** @param fd of the temporary, which this now owns */
  constructor(path: string, temporary: string, fd: number, bytes: number, spare: string) {
    this.path = path
    this.#temporary = temporary
    this.#spare = spare
    this.#fd = fd
    this.#bytes = bytes
  }

  /** Takes the space. */
  fill(): void {
    writeAll(this.#open(), Buffer.alloc(this.#bytes, SPACE), 0)
    linkOnce(this.#temporary, this.#spare)
  }

  /**
   * Writes the record into its space and gives it its name; synced.
   * After an error it may be called again; otherwise the reservation is over.
   * @param trim makes a record that is too long shorter
   * @throws RangeError where it is too long all the same; NodeJS.ErrnoException
   */
  publish<T extends object>(record: T, trim?: (record: T, bytes: number) => T): Published {
    let body = encode(record)
    if (body.length > this.#bytes && trim) body = encode(trim(record, this.#bytes))
    if (body.length > this.#bytes)
      throw new RangeError(`a record of ${body.length} bytes does not fit into the ${this.#bytes} reserved`)
    // What has the name must never change, and could be this very file, linked by a reserver that died right after.
    const outcome = isThere(this.path) ? 'exists' : this.#write(body)
    // Its descriptor may be the last that there is.
    this.release()
    if (outcome === 'published') syncDirectoryOf(this.path)
    return outcome
  }

  /** Gives the space back. Harmless when it is over already. */
  release(): void {
    if (this.#fd === null) return
    closeSync(this.#fd)
    this.#fd = null
    removeQuietly(this.#temporary)
    removeQuietly(this.#spare)
  }

  #write(body: Buffer): Published {
    const fd = this.#open()
    writeAll(fd, body, 0)
    ftruncateSync(fd, body.length)
    fsyncSync(fd)
    return this.#link(fstatSync(fd).nlink)
  }

  #link(links: number): Published {
    try {
      return linkOnce(this.#temporary, this.path, links)
    } catch (error) {
      if (errnoOf(error) !== 'ENOSPC' && errnoOf(error) !== 'EDQUOT') throw error
    }
    removeQuietly(this.#spare)
    return linkOnce(this.#temporary, this.path, 1)
  }

  #open(): number {
    if (this.#fd === null) throw new Error(`the reservation of ${this.path} is over`)
    return this.#fd
  }
}

/** Who died may have cut the file to the record it had written there; the rest of the last block is its space still. */
function spaceOf(fd: number): number {
  const { size, blocks } = fstatSync(fd)
  return Math.max(size, blocks * BLOCK_BYTES)
}

const spareOf = (reserved: string): string => `${reserved.slice(0, -RESERVED.length)}${SPARE}`

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined
