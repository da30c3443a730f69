/** The one way a handler fails: a declared exit, thrown. */

/** What a failure may carry beside its message; the names are the wire's (ErrorDetail). */
export interface ExitDetails {
  /** `error.code`, UPPER_SNAKE; the exit's name where left out. */
  readonly code?: string
  readonly detail?: string
  readonly cause?: string
  readonly context?: Readonly<Record<string, unknown>>
  readonly suggestion?: string
  /** What must change before the same call can succeed, in words. */
  readonly fix_required?: string
  /** One safe command line that mends it, runnable as it stands (REQ-C-030). */
  readonly fix_command?: string
  readonly retry_after_ms?: number
  /** Overrides the entry's `retryable` (contract E-03: only where nothing was written). */
  readonly retryable?: boolean
  /** A failure payload for `data`. */
  readonly data?: Readonly<Record<string, unknown>>
}

/** A declared exit on its way to the answer. `name` is the key in `exit_codes`. */
export class CommandExit extends Error {
  readonly exit_name: string
  readonly exit_code: number
  readonly details: ExitDetails

  constructor(exit_name: string, exit_code: number, message: string, details: ExitDetails = {}) {
    super(message)
    this.name = 'CommandExit'
    this.exit_name = exit_name
    this.exit_code = exit_code
    this.details = details
  }
}
