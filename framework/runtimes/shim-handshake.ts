/** The starter's half of the handshake with a shim, whatever runtime started it and whichever way they are connected. */
import type { Socket } from 'node:net'
import type { RunIntent } from '../runs/records.js'
import { CONFIRMATION, parseLine, type StartAnswer, type StartMessage } from '../shim/handshake.js'
import type { StateRoot } from '../store/state-root.js'
import type { StartedRun } from './adapter.js'
import { HELD_BY_OWNER } from './held-by-owner.js'
import { RunStartFailed } from './start-refused.js'

/** The shim died of trying the better tracking method, before anything of the run was claimed or started. */
export class ShimCrashed extends Error {}

/**
 * Tells the shim what to start, and waits for its answer.
 * @param withdrawn closes the socket: the shim ends what it started
 * @param hasCrashed asked where no word came: whether the shim died before it claimed the run, by a signal of its own
 * @throws RunStartFailed; ShimCrashed: nothing was started or recorded
 */
export async function startThrough(
  socket: Socket,
  message: StartMessage,
  { root, intent, withdrawn }: { root: StateRoot; intent: RunIntent; withdrawn: AbortSignal },
  hasCrashed: () => Promise<boolean> = async () => false,
): Promise<Omit<StartedRun, 'handle'>> {
  const leave = (): void => void socket.destroy()
  withdrawn.addEventListener('abort', leave)
  const answer = await ask(socket, message)
  withdrawn.removeEventListener('abort', leave)
  if (answer === null) {
    socket.destroy()
    if (!withdrawn.aborted && (await hasCrashed())) throw new ShimCrashed()
    throw await silentShim(root, intent)
  }
  if ('failed' in answer) {
    socket.destroy()
    const { code, message: text, errno } = answer.failed
    throw new RunStartFailed(code, text, errno)
  }
  return {
    pid: answer.started.pid,
    confirm: () => new Promise(resolve => socket.end(CONFIRMATION, () => resolve())),
    withdraw: leave,
  }
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
export async function silentShim(root: StateRoot, { run_id, limits }: RunIntent): Promise<RunStartFailed> {
  const { outcome } = await HELD_BY_OWNER.stop(
    { root, run_id },
    { cause: 'parent_signal', grace_ms: limits.grace_ms, force: false },
  )
  const message =
    outcome === 'stopped' || outcome === 'already_ended'
      ? `the shim of run ${run_id} ended before it answered`
      : `the shim of run ${run_id} did not answer, and what it started could not be ended`
  return new RunStartFailed('START_FAILED', message, null)
}
