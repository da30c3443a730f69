/** Exit codes as the wire has them: keyed by number, what all commands inherit told apart from what one declares. */
import {
  type ExitCodeDeclaration,
  type ExitCodes,
  exitCodeNumber,
  INHERITED_EXIT_CODES,
} from '../framework/contract/exit-codes.js'
import { canonicalJson } from '../framework/contract/projection.js'
import type { ExitCodeEntry } from '../schemas/generated/types.js'

export type ExitCodeTable = Readonly<Record<string, ExitCodeEntry>>

/** The root table: what every command can end with (contract B-13). */
export const INHERITED: ExitCodeTable = table(INHERITED_EXIT_CODES)

/** What a command adds to the root table or says differently; never an identical repeat. */
export function ownExitCodes(declared: ExitCodes): ExitCodeTable {
  return Object.fromEntries(
    Object.entries(table(declared)).filter(
      ([code, entry]) => canonicalJson(entry) !== canonicalJson(INHERITED[code]),
    ),
  )
}

/** Everything that a command can end with. */
export function effectiveExitCodes(declared: ExitCodes): ExitCodeTable {
  return { ...INHERITED, ...table(declared) }
}

function table(declared: ExitCodes): ExitCodeTable {
  const entries: [string, ExitCodeEntry][] = []
  for (const [name, entry] of Object.entries(declared)) {
    const code = exitCodeNumber(name, entry) ?? entry.code
    if (code !== undefined) entries.push([String(code), wireEntry(name, entry)])
  }
  return Object.fromEntries(entries)
}

function wireEntry(name: string, entry: ExitCodeDeclaration): ExitCodeEntry {
  const { description, retryable, side_effects, error_codes } = entry
  return {
    name,
    description,
    retryable,
    side_effects,
    ...(error_codes === undefined ? {} : { error_codes }),
  }
}
