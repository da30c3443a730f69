/** What is wrong with one argument: the entries of `error.errors` (contract B-05), and how they are gathered. */
import { quoted } from './quoted.js'
import { isSecretName } from './secret-names.js'
import type { Reading } from './values.js'

/** `ARG_ERROR` but for what REQ-F-045 and REQ-F-059 name. */
export type ArgumentFaultCode = 'ARG_ERROR' | 'INVALID_AGENT_INPUT' | 'INVALID_JSON'

// A type, not an interface: it goes into the envelope as an open object does.
export type ArgumentFault = {
  /** The flag or positional by its wire name: `dir`. */
  readonly field: string
  /** The same as it is written on a command line: `--dir`, or a positional's name. */
  readonly param: string
  readonly code: ArgumentFaultCode
  readonly message: string
  /** What was given; never for a secret. */
  readonly value?: string
  /** Which invented pattern was found (REQ-F-045). */
  readonly rejected_pattern?: string
  /** A whole command line that does parse. */
  readonly suggestion?: string
}

/** Argv entries that are wrong, and what would be right in their place. */
export interface Repair {
  readonly index: number
  readonly size: number
  readonly instead: readonly string[]
}

/** Gathered while a command line is read, so that all is reported in one answer. */
export interface Findings {
  readonly faults: ArgumentFault[]
  readonly repairs: Repair[]
}

/**
 * A fault of a value that does not fit its declaration.
 * @param subject what the sentence begins with: `--dir`, `MY_TOOL_DIR`
 */
export function misfitFault(
  place: { readonly field: string; readonly param: string; readonly subject: string },
  text: string,
  misfit: Extract<Reading, { fits: false }>,
): ArgumentFault {
  const { field, param, subject } = place
  const shown = isSecretName(field) ? {} : { value: text }
  const contrasts = /^must (be|match) /.test(misfit.problem) && 'value' in shown
  return {
    field,
    param,
    code: misfit.code,
    message: `${subject} ${misfit.problem}${contrasts ? `, not ${quoted(text)}` : ''}`,
    ...shown,
    ...(misfit.rejected_pattern === undefined ? {} : { rejected_pattern: misfit.rejected_pattern }),
  }
}
