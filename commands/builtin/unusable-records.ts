/** Warnings about records that cannot be used: what they would have said is missing in the answer. */
import type { BaseContext } from '../../framework/invocation/context.js'
import { liveRunIds } from '../../framework/runs/find.js'
import { readIntent } from '../../framework/runs/records.js'
import { type RunView, viewRun } from '../../framework/runs/status.js'
import type { StateRoot } from '../../framework/store/state-root.js'

export function warnOfUnusable(ctx: BaseContext, { run_id, damaged }: RunView): void {
  for (const { record, reason } of damaged)
    ctx.warn('RECORD_UNUSABLE', `${record}.json of run ${run_id} cannot be used: ${reason}`, {
      run_id,
      record,
    })
}

/** For who looks at the runs of a session: of these nobody can tell whether they belong to it. */
export function warnOfUnknownSessions(ctx: BaseContext, root: StateRoot): void {
  for (const run_id of liveRunIds(root)) {
    const { state } = readIntent(root, run_id)
    if (state !== 'ok' && state !== 'absent') warnOfUnusable(ctx, viewRun(root, run_id))
  }
}
