/** What cuts a call short: a signal, its own time limit or an accident, whichever is first. */
import { after } from '../process/clock.js'
import type { Outcome } from './outcome.js'

export type TerminalSignal = 'SIGTERM' | 'SIGHUP' | 'SIGINT'

/** 128 + n, as shells report it; nobody but a signal handler may exit with these (REQ-F-001). */
export const SIGNAL_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** What a handler does to its own process: without the framework it would end it, and nobody would be answered. */
export interface Accident {
  readonly kind: 'accident'
  /** `error.code`, UPPER_SNAKE. */
  readonly code: string
  readonly message: string
  readonly fix_required: string
  /** For stderr alone (REQ-F-006). */
  readonly trace?: string
}

export type Cut =
  | { readonly kind: 'signal'; readonly signal: TerminalSignal }
  | { readonly kind: 'timeout'; readonly timeout_ms: number }
  | Accident

export class Interruption {
  readonly #controller = new AbortController()
  readonly #forced = new AbortController()
  #cut: Cut | null = null
  #cancel: (() => void) | null = null

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get cut(): Cut | null {
    return this.#cut
  }

  /** Resolves when the call is cut short; never else. */
  readonly happened: Promise<Cut> = new Promise(resolve => {
    this.#controller.signal.addEventListener('abort', () => {
      if (this.#cut) resolve(this.#cut)
    })
  })

  /** Fires on a second SIGINT: nothing is asked politely any more. */
  get forced(): AbortSignal {
    return this.#forced.signal
  }

  force(): void {
    this.#forced.abort()
  }

  interrupt(cut: Cut): void {
    if (this.#cut) return
    this.#cut = cut
    this.#cancel?.()
    this.#controller.abort()
  }

  /** Starts the clock of the call. @param timeout_ms 0 is no limit */
  limit(timeout_ms: number): void {
    if (timeout_ms > 0)
      this.#cancel = after(timeout_ms, () => this.interrupt({ kind: 'timeout', timeout_ms }))
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
        retryable: false,
        phase: 'execution',
        fix_required: 'give the call more time with --timeout',
        context: { timeout_ms: cut.timeout_ms },
      },
      warnings: [],
      meta: {},
    }
  }
  if (cut.kind === 'accident') {
    const { code, message, fix_required, trace } = cut
    return {
      exit_code: 1,
      data,
      error: { code, message, retryable: false, phase: 'execution', fix_required },
      warnings: [],
      meta: {},
      ...(trace === undefined ? {} : { trace }),
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
