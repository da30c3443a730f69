/**
 * The guard: what ends an owner's runs when the owner dies. A shell in a session of its own, blocked on a pipe
 * that only the owner holds: one byte means a clean end, end-of-file means that the owner is dead, and the
 * shell becomes our shim in its ending mode. A shell, because it costs 0.2 MB where Node costs 40.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { minimalEnvironment } from '../process/environment.js'
import { identify, type ProcessIdentity, self } from '../process/identity.js'
import { ownChild } from '../process/own-children.js'
import type { Spawned, Subreaper } from '../process/subreaper.js'
import type { StateRoot } from '../store/state-root.js'
import { ownerMark } from './owner-mark.js'
import type { RunIntent } from './records.js'
import { installedShimPath } from './shim-path.js'

// Signals meant for a whole host or container must not take the guard before the owner (it goes by the pipe).
const SCRIPT = `trap '' HUP INT TERM QUIT; read -r _ && exit 0; exec "$@"`

/**
 * Runs the shim's script as `shim.js` does, but from the descriptor: by then the package may be gone, or another
 * one. It is whole, and loads nothing.
 */
const SHIM = `require('vm').runInThisContext(require('fs').readFileSync(3, 'utf8'), process.argv[1])(
  null, require('url').pathToFileURL(process.argv[1]).href, { require })`

export interface Guard {
  readonly identity: ProcessIdentity | null
  /** The owner's work is done: the guard exits. */
  release(): void
}

/**
 * Starts a guard for this process.
 * @param root where the runs of this owner are recorded
 * @param marker of a run of this owner: where we are inside another run, its owner must not take the guard for a
 *   process of its own and end it before the runs that the guard is there to end
 * @param subreaper that this process is; it starts a guard sooner than Node does
 * @throws Error where no process can be started; the caller then starts nothing else either
 */
export async function startGuard(
  root: StateRoot,
  marker: RunIntent['marker'],
  subreaper: Subreaper | null = null,
): Promise<Guard> {
  const shim_path = installedShimPath()
  const shim = openSync(shim_path.replace(/\.js$/, '.script.js'), 'r')
  const end_lost = ['-e', SHIM, shim_path, 'end-lost', root.path, JSON.stringify(self())]
  const argv = ['/bin/sh', '-c', SCRIPT, 'guard', process.execPath, ...end_lost] as const
  try {
    const started = subreaper && startPastNode(subreaper, argv, ownEnvironment(marker), shim)
    return started ?? (await startByNode(argv, ownEnvironment(marker), shim))
  } finally {
    closeSync(shim)
  }
}

type Argv = readonly [string, ...string[]]

function startPastNode(
  subreaper: Subreaper,
  argv: Argv,
  environment: Readonly<Record<string, string>>,
  shim: number,
): Guard | null {
  const pipe = subreaper.openPipe()
  if (!pipe) return null
  const [reading, writing] = pipe
  let started: Spawned | null = null
  try {
    const descriptors = [reading, null, null, shim]
    started = subreaper.spawn({ argv, environment, cwd: '/', descriptors, is_leader: true })
  } finally {
    closeSync(reading)
    if (!started) closeSync(writing)
  }
  if (!started) return null
  started.unref()
  return {
    identity: identified(started.pid),
    release() {
      try {
        writeSync(writing, '\n')
      } catch {
        // The guard is gone before us; without it the next stop or cleanup keeps the promise.
      }
      closeSync(writing)
    },
  }
}

function startByNode(
  [program, ...argv]: Argv,
  environment: Readonly<Record<string, string>>,
  shim: number,
): Promise<Guard> {
  const child = ownChild(
    spawn(program, argv, {
      detached: true,
      cwd: '/',
      env: environment,
      stdio: ['pipe', 'ignore', 'ignore', shim],
    }),
  )
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    if (child.pid === undefined) return
    const pipe = child.stdin
    pipe?.on('error', () => {
      // The guard is gone before us; without it the next stop or cleanup keeps the promise.
    })
    child.unref()
    // The pipe must live as long as we do, but must not keep us alive.
    if (pipe && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
    resolve({
      identity: identified(child.pid),
      release() {
        pipe?.end('\n')
      },
    })
  })
}

/** @throws Error where it is gone already */
function identified(pid: number): ProcessIdentity {
  const identity = identify(pid)
  if (!identity) throw new Error('/bin/sh ended as soon as it was started as a guard')
  return identity
}

/**
 * The environment of our own programs: next to nothing, and the marker of the run that they are there for with a value
 * of its own. So neither that run nor one around it takes them for its processes, even where no record names them.
 */
export const ownEnvironment = ({ name, value }: RunIntent['marker']): Record<string, string> => ({
  ...minimalEnvironment(process.env),
  [name]: ownerMark(value),
})
