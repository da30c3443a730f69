/** Where the socket of a session's terminal server lies, and what lies beside it. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ensurePrivateDirectory, verifyPrivateDirectory } from '../store/private-directory.js'
import type { StateRoot } from '../store/state-root.js'

/** unix(7): sun_path has 108 bytes, the terminating NUL included. */
const SOCKET_PATH_BYTES = 107

/** In the state root; where its path is too long for a socket, in a directory of the user's in /tmp. */
export function socketPath(root: StateRoot, session_id: string): string {
  const [own, shared] = socketDirectories(root)
  const path = join(own, `${session_id}.sock`)
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES) return path
  const { createHash } = process.getBuiltinModule('node:crypto')
  const digest = createHash('sha256').update(`${root.path}\0${session_id}`).digest('hex')
  return join(shared, `${digest.slice(0, 32)}.sock`)
}

/** That of the state root, and the one that all of the user's share. */
export const socketDirectories = (root: StateRoot): readonly [string, string] => [
  join(root.path, 'tmux'),
  `/tmp/chaperone-tmux-${process.geteuid?.()}`,
]

/** @throws StateDirUnavailable where what is there is not ours alone */
export const ensureSocketDirectory = (socket: string, variable: string): void =>
  ensurePrivateDirectory(dirname(socket), variable)

/** Whether a server may listen there, or somebody be about to start or to leave it; not where others may write. */
export function isInUse(socket: string): boolean {
  try {
    return (
      verifyPrivateDirectory(dirname(socket), '') && [socket, lockOf(socket)].some(path => existsSync(path))
    )
  } catch {
    return false
  }
}

/** What the lock of its start is named after. */
export const startOf = (socket: string): string => `${socket}.start`

export const lockOf = (socket: string): string => `${startOf(socket)}.lock`
