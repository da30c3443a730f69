/** Removing a directory of our own with all that programs left in it, without holding up the event loop. */
import { chmodSync, readdirSync, rm } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../process/errno.js'

/**
 * Removes a tree; one that is not there is fine.
 * @returns why it could not be removed; null where nothing is left of it
 */
export async function removeTree(path: string): Promise<Error | null> {
  const error = await attempt(path)
  const errno = errnoOf(error)
  if (errno !== 'EACCES' && errno !== 'EPERM') return error
  // A name goes only out of a directory that we may write, and some programs take that from their own (rmdir(2)).
  openUp(path)
  return attempt(path)
}

function attempt(path: string): Promise<Error | null> {
  // Again and again, because somebody who is being ended may still be writing into it.
  const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }
  return new Promise(resolve => rm(path, options, resolve))
}

function openUp(directory: string): void {
  try {
    chmodSync(directory, 0o700)
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      // Not through a symlink: that would change what is not ours.
      if (entry.isDirectory()) openUp(join(directory, entry.name))
    }
  } catch {
    // What cannot be opened up is named by the next attempt.
  }
}
