/** Naming runs on a command line: ids and unique prefixes, resolved before anything is done. */
import type { ArgumentError, ValidationContext } from '../../framework/invocation/command.js'
import type { BaseContext } from '../../framework/invocation/context.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { internalsOf, recordedState, stateForValidation } from '../../framework/invocation/internals.js'
import { findRun } from '../../framework/runs/find.js'
import type { StateRoot } from '../../framework/store/state-root.js'

/** A run's id, or a prefix of it. */
export const RUN_PATTERN = '^[0-9a-f]{4,12}$'

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
    if (found?.kind === 'ambiguous') {
      const shown = found.candidates.slice(0, 10).join(', ')
      return [{ param, message: `${name} names ${found.candidates.length} runs: ${shown}` }]
    }
    return []
  })
}

interface NamedRun {
  readonly root: StateRoot
  readonly run_id: string
  /** See `findRun`. */
  readonly short_id: () => string
}

/**
 * The run named.
 * @throws FrameworkExit `RUN_NOT_FOUND` (exit 5)
 */
export const namedRun = (ctx: BaseContext, name: string): NamedRun => found(ctx, recordedState(ctx), name)

/**
 * The ids of the runs named.
 * @throws FrameworkExit `RUN_NOT_FOUND` (exit 5)
 */
export function namedRuns(
  ctx: BaseContext,
  names: readonly string[],
): { root: StateRoot; run_ids: string[] } {
  const root = recordedState(ctx)
  const run_ids = names.map(name => found(ctx, root, name).run_id)
  if (!root) throw new FrameworkExit('NOT_FOUND', 'RUN_NOT_FOUND', 'no run was ever recorded here')
  return { root, run_ids: [...new Set(run_ids)] }
}

function found(ctx: BaseContext, root: StateRoot | null, name: string): NamedRun {
  const run = root ? findRun(root, name) : null
  if (root && run?.kind === 'found') return { root, run_id: run.run_id, short_id: run.short_id }
  throw new FrameworkExit('NOT_FOUND', 'RUN_NOT_FOUND', `no run has the id ${name}`, {
    context: { run: name },
    fix_required: 'name a run that `ps --all` shows',
    fix_command: `${internalsOf(ctx).facts.tool.name} ps --all`,
  })
}
