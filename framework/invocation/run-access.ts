/** `ctx.runs`: finding and stopping runs for authors' own commands, cleanup commands above all. */
import { liveRunIds } from '../runs/find.js'
import { viewRun } from '../runs/status.js'
import { stopAndRefresh } from '../runs/stop-and-refresh.js'
import { peekStateRoot, stateRootPath, stateRootVariable } from '../store/state-root.js'
import type { CallFacts } from './call-facts.js'
import type { LiveRun, Runs } from './context.js'
import { BACKGROUND_GRACE_MS } from './new-intent.js'

export function runAccess(facts: CallFacts): Runs {
  const { tool, io } = facts
  const recorded = () => peekStateRoot(stateRootPath(tool, io.env), stateRootVariable(tool))
  return {
    live(which = {}) {
      const root = recorded()
      if (!root) return []
      return liveRunIds(root)
        .filter(run_id => which.run === undefined || run_id.startsWith(which.run))
        .flatMap((run_id): LiveRun[] => {
          const { intent, main } = viewRun(root, run_id)
          if (!intent) return []
          const { session_id, command, name } = intent
          return [{ run_id, session_id, command, name, pid: main?.main.pid ?? null }]
        })
        .filter(({ session_id }) => which.session === undefined || session_id === which.session)
        .filter(({ command }) => which.command === undefined || command === which.command)
    },
    async stop(run_ids, { grace_ms = BACKGROUND_GRACE_MS } = {}) {
      const root = recorded()
      return root ? stopAndRefresh(root, run_ids, { cause: 'user', grace_ms, force: false }) : []
    },
  }
}
