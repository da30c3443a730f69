/**
 * The fixed exit code table of the CLI Agent Spec (REQ-F-001) and what an entry of a command says about one code.
 * Kept apart from the registry because handlers, answers and the manifest all speak in these names.
 */

/** What an exit leaves behind: `complete` belongs to success alone (ExitCodeEntry 1.1). */
export type SideEffects = 'none' | 'partial' | 'complete'

/** Names and numbers of the codes 0 to 14. Own codes of a command live in 79 to 125 (REQ-F-001). */
export const EXIT_CODES = {
  SUCCESS: 0,
  GENERAL_ERROR: 1,
  ARG_ERROR: 2,
  PARTIAL_FAILURE: 3,
  PRECONDITION: 4,
  NOT_FOUND: 5,
  CONFLICT: 6,
  PERMISSION_DENIED: 7,
  AUTH_REQUIRED: 8,
  PAYMENT_REQUIRED: 9,
  TIMEOUT: 10,
  RATE_LIMITED: 11,
  UNAVAILABLE: 12,
  REDIRECTED: 13,
  INCOMPLETE: 14,
} as const

export type StandardExitName = keyof typeof EXIT_CODES

/** The range of a command's own exit codes (REQ-F-001). */
export const OWN_EXIT_CODES = { first: 79, last: 125 } as const

/** One entry of a contract's `exit_codes`, keyed by its name. */
export interface ExitCodeDeclaration {
  /** One sentence, at most 120 characters. */
  readonly description: string
  /** Whether an identical call may succeed; only where nothing was written. */
  readonly retryable: boolean
  readonly side_effects: SideEffects
  /** The number of an own name, 79 to 125; standard names bring theirs. */
  readonly code?: number
  /** Every `error.code` that this exit can carry; absent means undeclared. */
  readonly error_codes?: readonly string[]
}

export type ExitCodes = Readonly<Record<string, ExitCodeDeclaration>>

export function isStandardExitName(name: string): name is StandardExitName {
  return Object.hasOwn(EXIT_CODES, name)
}

/**
 * The number of a declared exit name.
 * @returns the number, or undefined where an own name gives none (registration refuses that).
 */
export function exitCodeNumber(name: string, entry: ExitCodeDeclaration): number | undefined {
  return isStandardExitName(name) ? EXIT_CODES[name] : entry.code
}

/** What every command of every tool can end with: the manifest's root table; commands state only what differs (REQ-C-001, contract B-13). */
export const INHERITED_EXIT_CODES = {
  SUCCESS: {
    code: 0,
    description: 'The command did what was asked',
    retryable: false,
    side_effects: 'complete',
  },
  GENERAL_ERROR: {
    code: 1,
    description: 'The command failed and no narrower code fits',
    retryable: false,
    side_effects: 'partial',
  },
  ARG_ERROR: {
    code: 2,
    description: 'The call was refused before anything was done',
    retryable: false,
    side_effects: 'none',
  },
  PRECONDITION: {
    code: 4,
    description: 'Something that the command needs is not there',
    retryable: false,
    side_effects: 'none',
  },
  TIMEOUT: {
    code: 10,
    description: 'The time limit of the call was reached',
    retryable: false,
    side_effects: 'partial',
  },
  SIGHUP: { code: 129, description: 'Ended by SIGHUP', retryable: false, side_effects: 'partial' },
  SIGINT: { code: 130, description: 'Ended by SIGINT', retryable: false, side_effects: 'partial' },
  SIGTERM: { code: 143, description: 'Ended by SIGTERM', retryable: false, side_effects: 'partial' },
} as const satisfies Record<string, ExitCodeDeclaration & { code: number }>
