/** The background runtime: starts the shim that owns a run, and speaks the starter's half of the handshake. */
import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { monotonicMs } from '../process/clock.js'
import { minimalEnvironment } from '../process/environment.js'
import { ownChild } from '../process/own-children.js'
import { abandon } from '../runs/lost.js'
import type { RunIntent } from '../runs/records.js'
import { shimPath } from '../runs/shim-path.js'
import { viewRun } from '../runs/status.js'
import { CONFIRMATION, type StartAnswer, type StartMessage } from '../shim/handshake.js'
import type { StateRoot } from '../store/state-root.js'

/** A run whose shim answered; it lives on only if the start is confirmed. */
export interface StartedRun {
  readonly pid: number
  /** The caller has been answered: from now on the run stands on its own. */
  confirm(): Promise<void>
  /** Nobody will learn the pid: the shim ends the run. */
  withdraw(): void
}

/** The program could not be started; the run's records say so too. */
export class BackgroundStartFailed extends Error {
  readonly errno: string | null

  constructor(message: string, errno: string | null) {
    super(message)
    this.errno = errno
  }
}

/** How long a run without a word from its shim may take to show its end record, in ms. */
const SILENT_END_MS = 3_000

/**
 * Starts a recorded run under a shim of its own.
 * @param intent the run's intent, on disk already
 * @param environment the program's whole environment; it goes through the socket, never by argv or a file
 * @throws BackgroundStartFailed where the program (or the shim) could not be started; nothing of it is alive then
 */
export async function startInBackground(
  root: StateRoot,
  intent: RunIntent,
  environment: Readonly<Record<string, string>>,
): Promise<StartedRun> {
  const shim = ownChild(
    spawn(process.execPath, [shimPath(), 'own', root.path, intent.run_id], {
      detached: true,
      cwd: '/',
      env: minimalEnvironment(process.env),
      // A socket pair: both ends read and write, and the kernel closes ours when we die (socketpair(2)).
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    }),
  )
  const socket = shim.stdio[3]
  const failed = new Promise<never>((_, reject) => shim.once('error', reject))
  if (!(socket instanceof Socket)) {
    const error: NodeJS.ErrnoException = await failed.catch((reason: unknown) => asError(reason))
    abandon(root, intent.run_id)
    throw new BackgroundStartFailed(`the shim could not be started: ${error.message}`, error.code ?? null)
  }
  failed.catch(() => {
    // A shim that runs cannot fail to start; the handshake tells the rest.
  })
  shim.unref()
  const answer = await ask(socket, { environment })
  if (answer === null) throw await silentShim(root, intent)
  if ('failed' in answer) {
    socket.destroy()
    abandon(root, intent.run_id)
    throw new BackgroundStartFailed(answer.failed.message, answer.failed.errno)
  }
  return {
    pid: answer.started.pid,
    confirm: () => new Promise(resolve => socket.end(CONFIRMATION, () => resolve())),
    withdraw: () => void socket.destroy(),
  }
}

/** @returns the shim's answer; null where it died without one */
function ask(socket: Socket, message: StartMessage): Promise<StartAnswer | null> {
  return new Promise(resolve => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) resolve(JSON.parse(text.slice(0, end)))
    })
    socket.on('error', () => resolve(null))
    socket.on('close', () => resolve(null))
    socket.on('end', () => resolve(null))
    socket.write(`${JSON.stringify(message)}\n`)
  })
}

/** The shim died in the middle of the start. Its guard ends what it had started; wait for that before answering. */
async function silentShim(root: StateRoot, intent: RunIntent): Promise<BackgroundStartFailed> {
  const deadline = monotonicMs() + intent.limits.grace_ms + SILENT_END_MS
  for (;;) {
    const view = viewRun(root, intent.run_id)
    if (!view.owner) abandon(root, intent.run_id)
    const over = view.end !== null || (view.owner_state !== 'guard' && view.owner_state !== 'lost')
    if (over || monotonicMs() >= deadline) break
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return new BackgroundStartFailed(`the shim of run ${intent.run_id} died while it started the program`, null)
}

const asError = (reason: unknown): NodeJS.ErrnoException =>
  reason instanceof Error ? reason : new Error(String(reason))
