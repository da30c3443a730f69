/** The runs that a command line names, resolved before anything is done. */
import type { BaseContext } from '../../framework/invocation/context.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { internalsOf, recordedState } from '../../framework/invocation/internals.js'
import { runNotFound } from '../../framework/invocation/run-names.js'
import { findRun } from '../../framework/runs/find.js'
import type { StateRoot } from '../../framework/store/state-root.js'

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
  throw runNotFound(internalsOf(ctx).facts, name)
}
