/**
 * Errors of the shim that nobody catches. A program must not lose its owner to a bug of ours, so they end nothing:
 * they are kept for the end record of the run.
 */
export class Faults {
  #first: { readonly thrown: unknown } | null = null
  #told: ((thrown: unknown) => void) | null = null

  constructor() {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (thrown: unknown) => this.#note(thrown))
  }

  /** Tells the first fault, before or from now on. */
  tell(told: (thrown: unknown) => void): void {
    this.#told = told
    if (this.#first) told(this.#first.thrown)
  }

  #note(thrown: unknown): void {
    this.#first ??= { thrown }
    this.#told?.(thrown)
  }
}
