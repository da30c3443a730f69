/** The background runtime: a program without a terminal under a shim of its own, its output straight in the log. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Socket } from 'node:net'
import { pause } from '../process/clock.js'
import { errnoOf } from '../process/errno.js'
import { ownChild } from '../process/own-children.js'
import { noteCrash } from '../runs/become-subreaper.js'
import { ownEnvironment } from '../runs/guard.js'
import { recordPath } from '../runs/records.js'
import { shimPath } from '../runs/shim-path.js'
import { giveUp } from '../runs/start-main.js'
import type { RuntimeAdapter, StartedRun, StartRequest } from './adapter.js'
import { HELD_BY_OWNER } from './held-by-owner.js'
import { ShimCrashed, startThrough } from './shim-handshake.js'
import { RunStartFailed } from './start-refused.js'

/** How long the exit of a shim may take whose socket has closed, in ms. */
const EXIT_MS = 2_000

export const background: RuntimeAdapter = {
  ...HELD_BY_OWNER,
  runtime: 'background',
  capabilities: { terminal: false, outlives_call: true, log: true },
  prepare: (_root, intent) => intent,
  async spawn(request) {
    try {
      return await spawnShim(request)
    } catch (error) {
      if (!(error instanceof ShimCrashed)) throw error
      return spawnShim(request, 'snapshot')
    }
  },
  attach: () => null,
}

async function spawnShim(request: StartRequest, tracking?: 'snapshot'): Promise<StartedRun> {
  const { root, intent, environment } = request
  const shim = ownChild(
    spawn(process.execPath, [shimPath(), 'own', root.path, intent.run_id], {
      detached: true,
      cwd: '/',
      env: ownEnvironment(intent.marker),
      // A socket pair: both ends read and write, and the kernel closes ours when we die (socketpair(2)).
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    }),
  )
  const failed = new Promise<Error>(resolve => shim.on('error', resolve))
  const exit = new Promise<NodeJS.Signals | null>(resolve =>
    shim.once('exit', (_, signal) => resolve(signal)),
  )
  const socket = handshakeOf(shim)
  if (!socket) {
    const error = await failed
    giveUp(root, intent.run_id)
    throw new RunStartFailed(
      'START_FAILED',
      `the shim could not be started: ${error.message}`,
      errnoOf(error),
    )
  }
  shim.unref()
  const hasCrashed = async (): Promise<boolean> => {
    if (tracking || existsSync(recordPath(root, intent.run_id, 'owner'))) return false
    const signal = await Promise.race([exit, pause(EXIT_MS).then(() => null)])
    return noteCrash(root, signal)
  }
  const started = await startThrough(
    socket,
    { environment, ...(tracking ? { tracking } : {}) },
    request,
    hasCrashed,
  )
  // setsid(2) makes the program the leader of its group.
  return { ...started, handle: { pid: started.pid, pgid: started.pid } }
}

/** Null where there is no process: of its streams some may be there all the same. */
function handshakeOf(shim: ChildProcess): Socket | null {
  if (shim.pid === undefined) return null
  const socket = shim.stdio[3]
  return socket instanceof Socket ? socket : null
}
