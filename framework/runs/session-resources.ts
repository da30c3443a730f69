/**
 * What a session holds beside its runs: its terminal server. It ends with the last run that has a window there, unless
 * somebody opened a session of their own on it.
 */
import { existsSync, rmSync } from 'node:fs'
import { signalProcess } from '../process/signal.js'
import type { StateRoot } from '../store/state-root.js'
import { isInUse, socketPath } from './terminal-socket.js'
import { untilGone } from './until-gone.js'

/** Whoever was about to start a server, or hung, is gone at the second try. */
const TRIES = 2

/** The resources of one session. */
export class SessionResources {
  readonly #root: StateRoot
  readonly #session_id: string
  #is_used = false

  constructor(root: StateRoot, session_id: string) {
    this.#root = root
    this.#session_id = session_id
  }

  /** A run of the session has a terminal: its server may live without a socket, as it does while it ends. */
  note(): void {
    this.#is_used = true
  }

  /**
   * Closes them. Rejects only where the package was removed meanwhile.
   * @returns whether nothing of them was found alive
   */
  async close(): Promise<boolean> {
    const socket = socketPath(this.#root, this.#session_id)
    if (!this.#is_used && !isInUse(socket)) return true
    const { onServer } = await import('./terminal-server.js')
    let is_closed: boolean | null = null
    const work = async () => {
      is_closed = await closeServer(socket)
    }
    // Where no lock can be made, as on a full disk, the server ends all the same.
    await onServer(socket, work).catch(() => {})
    return is_closed ?? (await closeServer(socket))
  }
}

async function closeServer(socket: string): Promise<boolean> {
  const { processesOn } = await import('./terminal-processes.js')
  const { hasNoServer, tmux } = await import('./terminal-server.js')
  for (let tries = 1; tries <= TRIES; tries += 1) {
    // Before they are told to go: whose parent has gone is known by nothing any more.
    const there = processesOn(socket)
    const answer = existsSync(socket) ? await tmux(socket, null, ['kill-server']) : null
    for (const lingering of await untilGone(there)) signalProcess(lingering, 'SIGKILL')
    const left = await untilGone(there)
    if (left.length > 0) return false
    if (answer === null || answer.code === 0 || hasNoServer(answer)) {
      remove(socket)
      return true
    }
    // It does not answer, and is no server of ours that could be ended.
    if (there.length === 0 && answer.code === null) return false
  }
  return false
}

function remove(socket: string): void {
  try {
    rmSync(socket, { force: true })
  } catch {
    // It leads nowhere, and the next server of the session takes its place.
  }
}
