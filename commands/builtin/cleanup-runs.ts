/** The processes of `cleanup`: which runs it ends, and how: the command that the answer named first, our own stop after it. */
import type { BaseContext } from '../../framework/invocation/context.js'
import { internalsOf } from '../../framework/invocation/internals.js'
import { leastAgeMs } from '../../framework/process/started-at.js'
import { liveRunIds } from '../../framework/runs/find.js'
import { isNameAlone, isOver, type RunView, viewRun } from '../../framework/runs/status.js'
import { stopAndRefresh } from '../../framework/runs/stop-and-refresh.js'
import type { StopResult } from '../../framework/runs/stop-result.js'
import type { StateRoot } from '../../framework/store/state-root.js'

export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'session'; readonly session_id: string }
  /** What nobody holds any more: no session was named, so nothing that is held may be touched. */
  | { readonly kind: 'lost' }

/** Live runs that the call means. Runs of other hosts are never among them. */
export function selectRuns(root: StateRoot, selection: Selection, expired_only: boolean): RunView[] {
  return liveRunIds(root)
    .map(run_id => viewRun(root, run_id))
    .filter(view => view.owner_state !== 'foreign')
    .filter(view => {
      if (selection.kind === 'session') return view.intent?.session_id === selection.session_id
      // Nothing can be asked of who may hold a name alone; it goes where he shows no life.
      return selection.kind === 'all' || !isHeld(view) || isNameAlone(root, view) || isExpired(view)
    })
    .filter(view => !expired_only || isExpired(view))
}

/** For all that is known. */
const isHeld = ({ owner_state }: RunView): boolean => ['alive', 'guard', 'unknown'].includes(owner_state)

/** Past its declared lifetime, by no other clock than its owner's: he should have ended it and did not. */
function isExpired(view: RunView): boolean {
  const { intent, main, end } = view
  const lifetime = intent?.limits.max_lifetime_ms ?? null
  if (end || lifetime === null || !main) return false
  const age = leastAgeMs(main.main)
  // Of an earlier boot nobody holds anything.
  return age === null ? !isHeld(view) : age > lifetime
}

/** Ends the runs and answers for each what became of it, looked at afterwards. */
export async function endRuns(
  ctx: BaseContext,
  root: StateRoot,
  views: readonly RunView[],
  grace_ms: number,
): Promise<StopResult[]> {
  for (const view of views) {
    ctx.signal.throwIfAborted()
    await byOwnCommand(ctx, view)
  }
  ctx.signal.throwIfAborted()
  const ids = views.map(({ run_id }) => run_id)
  const results = await stopAndRefresh(root, ids, { cause: 'cleanup', grace_ms, force: false })
  return results.map(result => {
    const before = views.find(({ run_id }) => run_id === result.run_id)
    const ended_by_command =
      before?.intent && !isOver(before) && !before.end && result.outcome === 'already_ended'
    return ended_by_command ? { ...result, outcome: 'stopped' as const } : result
  })
}

/** Runs the cleanup command of a contract in process, where it is more than our own `stop`. */
async function byOwnCommand(ctx: BaseContext, view: RunView): Promise<void> {
  const line = view.intent?.cleanup_command
  const { call, facts } = internalsOf(ctx)
  if (!line || view.end || view.intent?.tool !== facts.tool.name) return
  const [, ...argv] = line.split(' ')
  if (argv[0] === 'stop') return
  const outcome = await call(argv)
  if (outcome.error)
    ctx.warn('CLEANUP_COMMAND_FAILED', `${line}: ${outcome.error.message}`, {
      run_id: view.run_id,
      code: outcome.error.code,
    })
}
