/**
 * Processes that a handler started behind the framework's back, by whatever library: seen on Node's own
 * `child_process` diagnostics channel, ended at teardown while they are still our children.
 */
import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { WarningDetail } from '../../schemas/generated/types.js'
import { endTree } from '../process/end-tree.js'
import { identify } from '../process/identity.js'
import { IdentityTracking } from '../process/identity-tracking.js'
import { isOwnChild } from '../process/own-children.js'

const CHANNEL = 'child_process'
const GRACE_MS = 2_000

export class UndeclaredChildren {
  readonly #children = new Set<ChildProcess>()

  watch(): void {
    subscribe(CHANNEL, this.#seen)
  }

  /** Ends those that are still alive and ours; one warning for each that was found alive. */
  async end(): Promise<WarningDetail[]> {
    unsubscribe(CHANNEL, this.#seen)
    const alive = [...this.#children].filter(child => !isOwnChild(child) && isRunning(child))
    return Promise.all(alive.map(endChild))
  }

  readonly #seen = (message: unknown): void => {
    if (isChildMessage(message)) this.#children.add(message.process)
  }
}

const isRunning = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null

async function endChild(child: ChildProcess): Promise<WarningDetail> {
  const pid = child.pid ?? 0
  const identity = identify(pid)
  const survivors = identity
    ? (await endTree({ tracking: new IdentityTracking([identity]), grace_ms: GRACE_MS })).survivors.length
    : 0
  const ended = survivors === 0
  return {
    code: 'UNDECLARED_BACKGROUND_PROCESS',
    message: `the command started process ${pid} (${child.spawnfile}) without declaring it${ended ? '; it was ended' : ', and it could not be ended'}`,
    context: { pid, program: child.spawnfile, ended },
  }
}

function isChildMessage(message: unknown): message is { process: ChildProcess } {
  return typeof message === 'object' && message !== null && 'process' in message
}
