/** A part of a call that few calls need: its modules are loaded when a handler first reaches for it (design: cold start). */
import { callEnding } from './call-ending.js'

export class OnDemand<T> {
  readonly #load: () => Promise<T>
  #begun: Promise<T> | null = null
  #loaded: T | null = null
  #closed = false

  constructor(load: () => Promise<T>) {
    this.#load = load
  }

  /** The part, where it has been loaded; for those who need not load it. */
  get loaded(): T | null {
    return this.#loaded
  }

  /**
   * Loads it once, for any number of callers.
   * @throws FrameworkExit `CALL_ENDING` where the call ended before anybody reached for it
   */
  async get(): Promise<T> {
    if (!this.#begun && this.#closed) throw callEnding()
    this.#begun ??= this.#load().then(part => {
      this.#loaded = part
      return part
    })
    return this.#begun
  }

  /** From now on it is not loaded any more. @returns the part, where somebody reached for it before */
  async close(): Promise<T | null> {
    this.#closed = true
    return this.#begun
  }
}
