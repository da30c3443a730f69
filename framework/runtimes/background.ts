/** The background runtime: starts the shim that owns a run, and speaks the starter's half of the handshake. */
import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { errnoOf } from '../process/errno.js'
import { ownChild } from '../process/own-children.js'
import { ownEnvironment } from '../runs/guard.js'
import type { RunIntent } from '../runs/records.js'
import { shimPath } from '../runs/shim-path.js'
import { giveUp, type StartFailure } from '../runs/start-main.js'
import { stopRuns } from '../runs/stop.js'
import { CONFIRMATION, parseLine, type StartAnswer, type StartMessage } from '../shim/handshake.js'
import type { StateRoot } from '../store/state-root.js'

/** A run whose shim answered; it lives on only if the start is confirmed. */
export interface StartedRun {
  readonly pid: number
  /** The caller has been answered: from now on the run stands on its own. */
  confirm(): Promise<void>
  /** Nobody will learn the pid: the shim ends the run. */
  withdraw(): void
}

/** The run was not started; its records say so too, and nothing of it is alive. */
export class BackgroundStartFailed extends Error {
  readonly code: StartFailure
  readonly errno: string | null

  constructor(code: StartFailure, message: string, errno: string | null) {
    super(message)
    this.name = 'BackgroundStartFailed'
    this.code = code
    this.errno = errno
  }
}

/**
 * Starts a recorded run under a shim of its own.
 * @param intent the run's intent, on disk already
 * @param environment the program's whole environment; it goes through the socket, never by argv or a file
 * @param withdrawn fires where nobody waits for the start any more: the shim is left alone, and ends what it started
 * @throws BackgroundStartFailed
 */
export async function startInBackground(
  root: StateRoot,
  intent: RunIntent,
  environment: Readonly<Record<string, string>>,
  withdrawn: AbortSignal,
): Promise<StartedRun> {
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
  const socket = handshakeOf(shim)
  if (!socket) {
    const error = await failed
    giveUp(root, intent.run_id)
    throw new BackgroundStartFailed(
      'START_FAILED',
      `the shim could not be started: ${error.message}`,
      errnoOf(error),
    )
  }
  shim.unref()
  const leave = (): void => void socket.destroy()
  withdrawn.addEventListener('abort', leave)
  const answer = await ask(socket, { environment })
  withdrawn.removeEventListener('abort', leave)
  if (answer === null) {
    socket.destroy()
    throw await silentShim(root, intent)
  }
  if ('failed' in answer) {
    socket.destroy()
    const { code, message, errno } = answer.failed
    throw new BackgroundStartFailed(code, message, errno)
  }
  return {
    pid: answer.started.pid,
    confirm: () => new Promise(resolve => socket.end(CONFIRMATION, () => resolve())),
    withdraw: leave,
  }
}

/** Null where there is no process: of its streams some may be there all the same. */
function handshakeOf(shim: ChildProcess): Socket | null {
  if (shim.pid === undefined) return null
  const socket = shim.stdio[3]
  return socket instanceof Socket ? socket : null
}

/** @returns the shim's answer; null where it died without one, or nobody waits any more */
function ask(socket: Socket, message: StartMessage): Promise<StartAnswer | null> {
  return new Promise(resolve => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) resolve(parseLine<StartAnswer>(text.slice(0, end)))
    })
    for (const event of ['error', 'close', 'end']) socket.on(event, () => resolve(null))
    socket.write(`${JSON.stringify(message)}\n`)
  })
}

/**
 * No word came from the shim: it died in the middle of the start, or still lives and was left alone. Whatever it had
 * started is ended before anybody is told that the start failed.
 */
async function silentShim(root: StateRoot, intent: RunIntent): Promise<BackgroundStartFailed> {
  const { run_id, limits } = intent
  const [stopped] = await stopRuns(root, [run_id], {
    cause: 'parent_signal',
    grace_ms: limits.grace_ms,
    force: false,
  })
  const message =
    stopped?.outcome === 'stopped' || stopped?.outcome === 'already_ended'
      ? `the shim of run ${run_id} ended before it answered`
      : `the shim of run ${run_id} did not answer, and what it started could not be ended`
  return new BackgroundStartFailed('START_FAILED', message, null)
}
