/**
 * What a session holds beside its runs: its terminal server. It ends with its last window, unless somebody opened one of
 * their own there.
 */
import { unlinkSync } from 'node:fs'
import { identityOf, type ProcessIdentity } from '../process/identity.js'
import { readStat } from '../process/stat.js'
import type { StateRoot } from '../store/state-root.js'
import { type RunIntent, readOwner } from './records.js'

export interface OnTerminal {
  readonly marker: RunIntent['marker']
  readonly terminal: NonNullable<RunIntent['terminal']>
}

/** The resources of one session, in the order in which they were acquired. */
export class SessionResources {
  readonly #servers = new Map<string, { marker: RunIntent['marker']; process: ProcessIdentity | null }>()

  /** Notes the terminal that a run of the session uses, as long as its server can be found by the run. */
  note(root: StateRoot, run_id: string, { marker, terminal }: OnTerminal): void {
    const known = this.#servers.get(terminal.socket)
    this.#servers.set(terminal.socket, { marker, process: known?.process ?? serverOf(root, run_id) })
  }

  /**
   * Closes them, the last first; never rejects.
   * @returns the processes that end by it
   */
  async close(): Promise<ProcessIdentity[]> {
    if (this.#servers.size === 0) return []
    const { onServer, tmux } = await import('./terminal-server.js')
    for (const [socket, { marker }] of [...this.#servers].reverse()) {
      await onServer(socket, async () => {
        // A server that has ended already answers nothing.
        await tmux(socket, marker, ['kill-server'])
        unlinkSync(socket)
      }).catch(() => {
        // Who closed the last window took the socket along.
      })
    }
    return [...this.#servers.values()].flatMap(({ process }) => process ?? [])
  }
}

/** The shim of a run with a terminal is a child of the server, or of whoever adopted it from one that died. */
function serverOf(root: StateRoot, run_id: string): ProcessIdentity | null {
  const owner = readOwner(root, run_id)
  if (owner.state !== 'ok' || !owner.record.owner) return null
  const { pid, start_time } = owner.record.owner
  const shim = readStat(pid)
  const parent = shim?.start_time === start_time ? readStat(shim.ppid) : null
  return parent?.comm.startsWith('tmux') ? identityOf(parent) : null
}
