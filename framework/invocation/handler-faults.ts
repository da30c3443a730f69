/**
 * What a handler breaks outside its own promise: an exception in one of its callbacks, a rejection that nobody waits
 * for, `process.exit`, a wait for what can never come. Each would end the process without an answer and without a
 * teardown; here each ends the call instead.
 */
import type { CallScope } from './call-scope.js'
import { FrameworkExit } from './framework-exit.js'

export interface Fault {
  /** What was thrown, or what the framework says about it. */
  readonly thrown: unknown
}

/** Calls that are under way; the process-wide listeners are there while there is one. */
const watched = new Set<HandlerFaults>()

export class HandlerFaults {
  readonly #scope: CallScope
  readonly #late: unknown[] = []
  #is_over = false
  #resolve: (fault: Fault) => void = () => {}

  /** Resolves with the first fault; never else. */
  readonly happened: Promise<Fault> = new Promise(resolve => {
    this.#resolve = resolve
  })

  constructor(scope: CallScope) {
    this.#scope = scope
  }

  watch(): void {
    if (watched.size === 0) install()
    watched.add(this)
  }

  /** The handler has answered or was cut short: what it breaks from now on can no longer change the outcome. */
  over(): void {
    this.#is_over = true
  }

  /** What broke after the handler's end. */
  get late(): readonly unknown[] {
    return this.#late
  }

  /** The call has been answered. Harmless when repeated. */
  release(): void {
    if (watched.delete(this) && watched.size === 0) uninstall()
  }

  /** @returns whether the error was this call's */
  take(thrown: unknown): boolean {
    if (!this.#scope.isCurrent()) return false
    this.#take(thrown)
    return true
  }

  /**
   * A handler must not end the process: no answer would be written and nothing of the call torn down.
   * @returns whether it was this call's handler that tried
   */
  takeExit(code: unknown): boolean {
    if (!this.#scope.isCurrent()) return false
    this.#take(
      new FrameworkExit('GENERAL_ERROR', 'PROCESS_EXIT_CALLED', 'the command called process.exit', {
        context: { exit_code: code ?? null },
        fix_required: 'return the answer, or throw ctx.exit.NAME(…); the framework ends the process',
      }),
    )
    return true
  }

  /** Nothing is left that could wake the handler: it would wait until the process ends without an answer. */
  takeStandstill(): void {
    if (this.#is_over) return
    this.#take(
      new FrameworkExit(
        'GENERAL_ERROR',
        'NEVER_SETTLES',
        'the command waits for something that cannot come',
        {
          fix_required: 'make every promise that the command awaits settle',
        },
      ),
    )
  }

  #take(thrown: unknown): void {
    if (this.#is_over) this.#late.push(thrown)
    else this.#resolve({ thrown })
  }
}

/** Unwinds the stack of whoever called `process.exit`, which must not return. */
class ExitCalled extends Error {}

/** Takes the layer over `process.exit` off again. */
let restoreExit: () => void = () => {}

function install(): void {
  process.on('uncaughtException', onUncaught)
  process.on('beforeExit', onStandstill)
  const exit = process.exit
  const layer = (code?: number | string | null): never => {
    for (const call of watched) if (call.takeExit(code)) throw new ExitCalled('process.exit was called')
    return exit.call(process, code)
  }
  process.exit = layer
  restoreExit = () => {
    // Where somebody has put a layer of his own on top, ours stays and passes on.
    if (process.exit === layer) process.exit = exit
  }
}

function uninstall(): void {
  process.off('uncaughtException', onUncaught)
  process.off('beforeExit', onStandstill)
  restoreExit()
}

// Unhandled rejections come here as well, where nobody listens for them (Node's default mode, `throw`).
function onUncaught(error: unknown): void {
  if (error instanceof ExitCalled) return
  for (const call of watched) if (call.take(error)) return
  // Not of any call, so what Node does without us is due, unless somebody else listens.
  if (process.listenerCount('uncaughtException') > 1) return
  process.off('uncaughtException', onUncaught)
  process.nextTick(() => {
    throw error
  })
}

function onStandstill(): void {
  for (const call of watched) call.takeStandstill()
}
