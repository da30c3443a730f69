/**
 * What terminal servers and those who started them left on the disk: sockets on which nobody listens, locks that nobody
 * holds. Whoever comes next in the session takes their place; in a session that nobody uses again they would stay.
 */
import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { errnoOf } from '../process/errno.js'
import { LOCK_STALE_MS, withLock } from '../store/lock.js'
import { verifyPrivateDirectory } from '../store/private-directory.js'
import type { StateRoot } from '../store/state-root.js'
import { allRunIds } from './find.js'
import { readIntent } from './records.js'
import { lockOf, socketDirectories, socketPath, startOf } from './terminal-socket.js'

export interface TerminalLeftover {
  readonly path: string
  /** @returns false where somebody uses it by now */
  remove(): Promise<boolean>
}

/** All that is found now. Removes nothing. */
export async function terminalLeftovers(root: StateRoot): Promise<TerminalLeftover[]> {
  const [own, shared] = socketDirectories(root)
  const sockets = [...namesIn(own).map(name => join(own, name)), ...socketsOfRuns(root, shared)]
  const found: TerminalLeftover[] = []
  for (const socket of sockets) {
    if (await isDeserted(socket)) found.push({ path: socket, remove: () => removed(socket) })
    else if (isStale(lockOf(socket))) found.push({ path: lockOf(socket), remove: () => removed(socket) })
  }
  return found
}

/** Those of the sessions on record whose path is too long for a socket: others of the user's lie beside them. */
function socketsOfRuns(root: StateRoot, shared: string): string[] {
  const names = new Set(namesIn(shared))
  if (names.size === 0) return []
  const sockets = allRunIds(root).flatMap(run_id => {
    const intent = readIntent(root, run_id)
    return intent.state === 'ok' ? [socketPath(root, intent.record.session_id)] : []
  })
  return [...new Set(sockets)].filter(path => dirname(path) === shared && names.has(basename(path)))
}

/** The name of each socket once, also where only its lock is there; none in a directory that is not ours alone. */
function namesIn(directory: string): string[] {
  try {
    if (!verifyPrivateDirectory(directory, '')) return []
    const names = readdirSync(directory).map(name => name.replace(/\.start\.lock$/, ''))
    return [...new Set(names)].filter(name => name.endsWith('.sock'))
  } catch {
    return []
  }
}

/** Under the lock of those who start and leave servers: a server binds its socket before it listens there. */
async function removed(socket: string): Promise<boolean> {
  // Where somebody held the lock and died, taking it is what removes it.
  const locked = await withLock(startOf(socket), 0, async () => {
    if (await isDeserted(socket)) rmSync(socket, { force: true })
  })
  return locked.held
}

/** unix(7): nobody listens there, and nobody will. A server that hangs takes calls, or has no room for more (EAGAIN). */
function isDeserted(socket: string): Promise<boolean> {
  if (!lstatSync(socket, { throwIfNoEntry: false })?.isSocket()) return Promise.resolve(false)
  return new Promise(resolve => {
    const call = connect(socket)
    call.once('connect', () => {
      call.destroy()
      resolve(false)
    })
    call.once('error', error => resolve(errnoOf(error) === 'ECONNREFUSED'))
  })
}

/** Whoever holds it renews it. */
function isStale(lock: string): boolean {
  const stat = lstatSync(lock, { throwIfNoEntry: false })
  return stat !== undefined && Date.now() - stat.mtimeMs > LOCK_STALE_MS
}
