/**
 * Which call of this process a piece of work belongs to, by the asynchronous context that its handler runs in. With it
 * whatever a handler starts or breaks outside its own promise is laid at the right call's door, never at an embedder's.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

const scopes = new AsyncLocalStorage<CallScope>()

export class CallScope {
  readonly #whole_process: boolean

  /** @param whole_process the process is there for this call alone: what has lost its context is the call's, too */
  constructor(whole_process: boolean) {
    this.#whole_process = whole_process
  }

  /** Runs `work`, and all that follows from it, as the call's. */
  run<T>(work: () => T): T {
    // Following contexts costs a millisecond at each start, and where nobody else is in the process, all is the call's.
    return this.#whole_process ? work() : scopes.run(this, work)
  }

  /** Whether the call has to answer for what happens at this moment. */
  isCurrent(): boolean {
    return scopes.getStore() === (this.#whole_process ? undefined : this)
  }
}

const held = new AsyncLocalStorage<true>()

/** Runs `work`, and all that follows from it, as that of a resource that the call holds: it ends what it starts itself. */
export const asHeld = <T>(work: () => T): T => held.run(true, work)

/** Whether what happens at this moment is the doing of a held resource. */
export const isOfHeld = (): boolean => held.getStore() === true
