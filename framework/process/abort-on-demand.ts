/** An AbortController that is made when somebody first wants its signal: making one costs a call that needs none 1 ms. */
export class AbortOnDemand {
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

  abort(): void {
    this.#aborted = true
    this.#controller?.abort()
  }
}
