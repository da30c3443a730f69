/** What cuts a call short: a signal or its own time limit, whichever is first. */
import { AbortOnDemand } from '../process/abort-on-demand.js'
import { after, monotonicMs } from '../process/clock.js'
import type { Outcome } from './outcome.js'

export type TerminalSignal = 'SIGTERM' | 'SIGHUP' | 'SIGINT'

/** 128 + n, as shells report it; nobody but a signal handler may exit with these (REQ-F-001). */
export const SIGNAL_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

export type Cut =
  | { readonly kind: 'signal'; readonly signal: TerminalSignal }
  /** `retryable` as the contract declares it for TIMEOUT. */
  | { readonly kind: 'timeout'; readonly timeout_ms: number; readonly retryable: boolean }

export class Interruption {
  readonly #outer: Interruption | null
  /** Fires on a second SIGINT: nothing is asked politely any more. */
  readonly forced: AbortOnDemand
  #cut: Cut | null = null
  #cancel: (() => void) | null = null
  #resolve: (cut: Cut) => void = () => {}
  #delegate: ((signal: TerminalSignal) => void) | null = null

  /** @param outer that of the call which this one is within: what cuts it short cuts this one short, never the reverse */
  constructor(outer: Interruption | null = null) {
    this.#outer = outer
    this.forced = outer?.forced ?? new AbortOnDemand()
    void outer?.happened.then(cut => this.interrupt(cut))
  }

  get cut(): Cut | null {
    return this.#cut
  }

  /** Resolves when the call is cut short; never else. */
  readonly happened: Promise<Cut> = new Promise(resolve => {
    this.#resolve = resolve
  })

  /** From now on signals are the business of a program in the foreground: they cut nothing short. Null takes that back. */
  delegate(told: ((signal: TerminalSignal) => void) | null): void {
    // They arrive at the outermost call.
    if (this.#outer) this.#outer.delegate(told)
    else this.#delegate = told
  }

  interrupt(cut: Cut): void {
    if (cut.kind === 'signal' && this.#delegate) {
      this.#delegate(cut.signal)
      return
    }
    if (this.#cut) return
    this.#cut = cut
    this.#cancel?.()
    this.#resolve(cut)
  }

  /**
   * Starts the clock of the call.
   * @param timeout_ms 0 is no limit
   * @param retryable whether the contract says that a call which ran out of time left nothing behind (REQ-C-014)
   */
  limit(timeout_ms: number, retryable: boolean): void {
    if (timeout_ms <= 0) return
    const deadline = monotonicMs() + timeout_ms
    // A handler that waits for nothing ends before any timer could fire; making one is dear, so it is made after that.
    const immediate = setImmediate(() => {
      const ran_out = () => this.interrupt({ kind: 'timeout', timeout_ms, retryable })
      this.#cancel = after(deadline - monotonicMs(), ran_out)
    })
    this.#cancel = () => clearImmediate(immediate)
  }

  /** The call is over: nothing cuts it short any more. */
  settle(): void {
    this.#cancel?.()
  }
}

/** The answer of a call that was cut short (REQ-F-012, REQ-F-013, REQ-F-069). */
export function cutOutcome(cut: Cut, progress: object | null): Outcome {
  const data = { partial: true, ...(progress ? { progress } : {}) }
  if (cut.kind === 'timeout') {
    return {
      exit_code: 10,
      data,
      error: {
        code: 'TIMEOUT',
        message: `the call took longer than its limit of ${cut.timeout_ms} ms`,
        retryable: cut.retryable,
        phase: 'execution',
        fix_required: 'give the call more time with --timeout',
        context: { timeout_ms: cut.timeout_ms },
      },
      warnings: [],
      meta: {},
    }
  }
  return {
    exit_code: SIGNAL_EXIT_CODES[cut.signal],
    data,
    error: {
      code: 'CANCELLED',
      message: `the call was ended by ${cut.signal}`,
      retryable: false,
      phase: 'execution',
      context: { signal: cut.signal },
    },
    warnings: [],
    meta: {},
  }
}
