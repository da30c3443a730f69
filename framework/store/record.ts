/**
 * Records: written once and whole, by link(2) from a temporary in the same directory. The first writer of a name
 * wins, nobody changes it afterwards, and every crash leaves either nothing or everything under the name.
 */
import { closeSync, fsyncSync } from 'node:fs'
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

export { type ReadResult, readRecord, setAside } from './read-record.js'
export { adoptReservation, type Reservation, reserve } from './reservation.js'
export { HardLinksUnsupported, type Published } from './temporary.js'

/**
 * Publishes a record under its name, mode 0600. On any failure nothing is under the name and nothing is left beside it.
 * @param options `sync`: it must survive a crash of the machine (file and directory are synced)
 * @throws HardLinksUnsupported; NodeJS.ErrnoException such as ENOSPC
 */
export function publish(path: string, record: object, options: { readonly sync: boolean }): Published {
  const bytes = encode(record)
  const temporary = temporaryPath(path, '.tmp')
  const fd = createPrivateFile(temporary)
  try {
    try {
      writeAll(fd, bytes)
      if (options.sync) fsyncSync(fd)
    } finally {
      // Before the name is given: a network file system tells only here that the bytes did not fit (close(2)).
      closeSync(fd)
    }
    const outcome = linkOnce(temporary, path)
    if (options.sync && outcome === 'published') syncDirectoryOf(path)
    return outcome
  } finally {
    removeQuietly(temporary)
  }
}
