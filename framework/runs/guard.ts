/**
 * The guard: what ends an owner's runs when the owner dies. A shell in a session of its own, blocked on a pipe
 * that only the owner holds: one byte means a clean end, end-of-file means that the owner is dead, and the
 * shell becomes our shim in its ending mode. A shell, because it costs 0.2 MB where Node costs 40.
 */
import { spawn } from 'node:child_process'
import { minimalEnvironment } from '../process/environment.js'
import { identify, type ProcessIdentity, self } from '../process/identity.js'
import { ownChild } from '../process/own-children.js'
import type { StateRoot } from '../store/state-root.js'
import { shimPath } from './shim-path.js'

// Signals meant for a whole host or container must not take the guard before the owner (it goes by the pipe).
const SCRIPT = `trap '' HUP INT TERM QUIT; read -r _ && exit 0; exec "$@"`

export interface Guard {
  readonly identity: ProcessIdentity | null
  /** The owner's work is done: the guard exits. */
  release(): void
}

/**
 * Starts a guard for this process.
 * @param root where the runs of this owner are recorded
 * @throws Error where no process can be started; the caller then starts nothing else either
 */
export function startGuard(root: StateRoot): Promise<Guard> {
  const owner = self()
  const child = ownChild(
    spawn(
      '/bin/sh',
      ['-c', SCRIPT, 'guard', process.execPath, shimPath(), 'end-lost', root.path, JSON.stringify(owner)],
      { detached: true, cwd: '/', env: minimalEnvironment(process.env), stdio: ['pipe', 'ignore', 'ignore'] },
    ),
  )
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.stdin?.on('error', () => {
      // The guard is gone before us; without it the next stop or cleanup keeps the promise.
    })
    if (child.pid === undefined) return
    child.unref()
    // The pipe must live as long as we do, but must not keep us alive.
    const pipe = child.stdin
    if (pipe && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
    resolve({
      identity: identify(child.pid),
      release() {
        pipe?.end('\n')
      },
    })
  })
}
