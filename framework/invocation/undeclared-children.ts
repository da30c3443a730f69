/**
 * Processes that a handler started behind the framework's back, by whatever library: seen on Node's own
 * `child_process` diagnostics channel, ended with their descendants while they are still our children.
 * A call that started none looks at no process.
 */
import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { WarningDetail } from '../../schemas/generated/types.js'
import type { AbortOnDemand } from '../process/abort-on-demand.js'
import { isOwnChild } from '../process/own-children.js'
import { type CallScope, isOfHeld } from './call-scope.js'

const CHANNEL = 'child_process'

export class UndeclaredChildren {
  readonly #scope: CallScope
  /** The variable that marks the processes of a run; these have owners of their own. */
  readonly #run_marker: string
  readonly #children = new Set<ChildProcess>()
  /** Those of them that a held resource started, and is to end itself. */
  readonly #of_held = new WeakSet<ChildProcess>()
  #is_closed = false
  /** Loaded with the first child: at its end the package may have been replaced. */
  #loaded: Promise<typeof import('./end-undeclared.js')> | null = null

  constructor(scope: CallScope, run_marker: string) {
    this.#scope = scope
    this.#run_marker = run_marker
  }

  watch(): void {
    subscribe(CHANNEL, this.#seen)
  }

  /**
   * Ends those that are alive and ours; may be called again for what came since.
   * @param but_held leaves those be that held resources started: their turn has not come yet
   * @param force KILL at once instead of the rest of the grace
   * @returns one warning for each that was found alive
   */
  async end(force: AbortOnDemand, { but_held = false } = {}): Promise<WarningDetail[]> {
    if (this.#children.size === 0) return []
    const { endUndeclared } = await this.#ending
    const due = [...this.#children].filter(child => !but_held || !this.#of_held.has(child))
    for (const child of due) this.#children.delete(child)
    return endUndeclared(due, this.#run_marker, force.signal)
  }

  /** From now on whatever a handler that goes on all the same still starts gets KILL before it can do anything. */
  close(): void {
    this.#is_closed = true
  }

  /** The call has been answered. */
  release(): void {
    unsubscribe(CHANNEL, this.#seen)
  }

  get #ending(): Promise<typeof import('./end-undeclared.js')> {
    this.#loaded ??= import('./end-undeclared.js')
    return this.#loaded
  }

  // Node tells before it starts the process, in the context of who starts it.
  readonly #seen = (message: unknown): void => {
    if (!isChildMessage(message) || !this.#scope.isCurrent()) return
    const child = message.process
    if (isOfHeld()) this.#of_held.add(child)
    queueMicrotask(() => {
      // By now it has a pid, or could not be started; and what is the framework's own is marked.
      if (child.pid === undefined || isOwnChild(child)) return
      if (this.#is_closed) {
        child.kill('SIGKILL')
        return
      }
      this.#children.add(child)
      this.#ending.catch(() => {})
      child.once('exit', () => this.#children.delete(child))
    })
  }
}

function isChildMessage(message: unknown): message is { process: ChildProcess } {
  return typeof message === 'object' && message !== null && 'process' in message
}
