/** Runs as a command line names them, by id or unique prefix: what is wrong with a name, and the answer where no run has it. */
import { findRun } from '../runs/find.js'
import type { CallFacts } from './call-facts.js'
import type { ArgumentError, ValidationContext } from './command.js'
import { FrameworkExit } from './framework-exit.js'
import { stateForValidation } from './internals.js'

/** A run's id, or a prefix of it. */
export const RUN_PATTERN = '^[0-9a-f]{4,12}$'

/** Candidates that a refusal lists. */
const LISTED = 10

/**
 * What is wrong with the ids given, before the command runs: malformed or ambiguous ones (exit 2).
 * An id that no run has is no fault of the form; the command answers with exit 5.
 */
export function faultyRunNames(
  names: readonly string[],
  param: string,
  ctx: ValidationContext,
): readonly ArgumentError[] {
  const root = stateForValidation(ctx)
  return names.flatMap(name => {
    const found = root ? findRun(root, name) : null
    if (found?.kind === 'malformed' || (!found && !new RegExp(RUN_PATTERN).test(name)))
      return [{ param, message: `${JSON.stringify(name)} is no run id: 4 to 12 of the digits 0-9a-f are` }]
    return found?.kind === 'ambiguous' ? [{ param, message: severalRuns(name, found.candidates) }] : []
  })
}

/** Exit 5. */
export const runNotFound = ({ tool }: Pick<CallFacts, 'tool'>, name: string): FrameworkExit =>
  new FrameworkExit('NOT_FOUND', 'RUN_NOT_FOUND', `no run has the id ${name}`, {
    context: { run: name },
    fix_required: 'name a run that `ps --all` shows',
    fix_command: `${tool.name} ps --all`,
  })

/** Exit 2, where nobody looked before the command ran. */
export const ambiguousRun = (name: string, candidates: readonly string[]): FrameworkExit =>
  new FrameworkExit('ARG_ERROR', 'AMBIGUOUS_RUN', severalRuns(name, candidates), {
    context: { run: name, candidates: candidates.slice(0, LISTED) },
    fix_required: 'give more digits of the run',
  })

const severalRuns = (name: string, candidates: readonly string[]): string =>
  `${name} names ${candidates.length} runs: ${candidates.slice(0, LISTED).join(', ')}`
