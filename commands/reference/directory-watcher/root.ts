/** The watched directory itself: whether it is still where it was, and if not, whether it was removed or moved. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { errnoOf, type Found, lookAt, toPath } from './disk.js'
import { failureOf } from './failure.js'
import type { EndReason } from './lines.js'

export class Root {
  readonly path: string
  readonly found: Found
  readonly #descriptor: number

  /**
   * @param path byte path; a symbolic link to a directory is followed here, and only here
   * @throws WatchFailure where there is no directory to watch
   */
  constructor(path: string) {
    this.path = path
    try {
      this.#descriptor = openSync(toPath(path || '/'), constants.O_RDONLY | constants.O_DIRECTORY)
    } catch (error) {
      throw failureOf(errnoOf(error), path)
    }
    const found = lookAt(`${path}/.`)
    if (typeof found === 'string') {
      closeSync(this.#descriptor)
      throw failureOf(found === 'absent' ? 'ENOENT' : 'EACCES', path)
    }
    this.found = found
  }

  /**
   * Null as long as the path leads to the directory (or nobody can say). An open descriptor tells a removed
   * directory, which has no link left, from one that lives on elsewhere, be it because one above it was renamed.
   */
  gone(): Exclude<EndReason, 'stopped'> | null {
    const now = lookAt(`${this.path}/.`)
    if (now === 'denied' || (now !== 'absent' && now.id === this.found.id)) return null
    try {
      return fstatSync(this.#descriptor).nlink === 0 ? 'directory_removed' : 'directory_moved'
    } catch {
      return 'directory_removed'
    }
  }
}
