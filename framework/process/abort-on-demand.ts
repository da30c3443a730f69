/** What those need of an AbortSignal who stop waiting by it. */
export interface Abortable {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/**
 * An AbortController whose signal is made when somebody first wants it: making one costs a call that needs none 1 ms.
 * Whoever only waits takes this itself.
 */
export class AbortOnDemand implements Abortable {
  readonly #listeners = new Set<() => void>()
  #controller: AbortController | null = null
  #aborted = false

  /** The same signal each time; aborted already where `abort` came first. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort()
    }
    return this.#controller.signal
  }

  get aborted(): boolean {
    return this.#aborted
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }

  /** Tells all who listen, once. */
  abort(): void {
    this.#aborted = true
    this.#controller?.abort()
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }
}
