/**
 * What breaks the process while commands are loaded, checked and asked about their input, before any handler runs: an
 * exception that nobody catches, `process.exit` in a module, an import that never ends. Each would end the process
 * without an answer (REQ-F-004). From the handler's start on `handler-faults.ts` looks after the same.
 */
import { FrameworkExit } from './framework-exit.js'

export class LoadingFaults {
  readonly #exit = process.exit
  readonly #layer: typeof process.exit
  #resolve: (thrown: unknown) => void = () => {}

  /** Resolves with what was thrown, or what the framework says about it; never else. */
  readonly happened: Promise<unknown> = new Promise(resolve => {
    this.#resolve = resolve
  })

  constructor() {
    process.on('uncaughtException', this.#take)
    // Emitted when the event loop is empty, before Node gives up on an import that is still awaited.
    process.on('beforeExit', this.#standstill)
    this.#layer = code => {
      const exit = new FrameworkExit(
        'GENERAL_ERROR',
        'PROCESS_EXIT_CALLED',
        'a module of the tool called process.exit while it was loaded',
        {
          context: { exit_code: code ?? null },
          fix_required: 'do nothing but declare at the top of a module',
        },
      )
      this.#take(exit)
      throw exit
    }
    process.exit = this.#layer
  }

  /** A handler begins, or the answer: nothing is loaded any more. Harmless when repeated. */
  release(): void {
    process.off('uncaughtException', this.#take)
    process.off('beforeExit', this.#standstill)
    // A handler's own layer lies over ours by now, where one has begun.
    if (process.exit === this.#layer) process.exit = this.#exit
  }

  readonly #take = (thrown: unknown): void => this.#resolve(thrown)

  readonly #standstill = (): void =>
    this.#take(
      new FrameworkExit('GENERAL_ERROR', 'NEVER_SETTLES', 'a module of the tool never ends being loaded', {
        fix_required: 'await nothing at the top of a module that may never come',
      }),
    )
}
