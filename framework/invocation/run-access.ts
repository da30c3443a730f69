/** `ctx.runs`: finding and stopping runs for authors' own commands, cleanup commands above all. */
import { look } from '../process/liveness.js'
import { findRun, liveRunIds } from '../runs/find.js'
import { isOver, type RunView, viewRun } from '../runs/status.js'
import { stopAndRefresh } from '../runs/stop-and-refresh.js'
import { isRunIdPrefix } from '../store/ids.js'
import { peekStateRoot, stateRootPath, stateRootVariable } from '../store/state-root.js'
import type { CallFacts } from './call-facts.js'
import type { LiveRun, Runs } from './context.js'
import { FrameworkExit } from './framework-exit.js'
import { BACKGROUND_GRACE_MS } from './grace.js'
import { ambiguousRun, runNotFound } from './run-names.js'

const RUN_ID = /^[0-9a-f]{12}$/

export function runAccess(facts: CallFacts): Omit<Runs, 'template'> {
  const { tool, io } = facts
  const recorded = () => peekStateRoot(stateRootPath(tool, io.env), stateRootVariable(tool))
  return {
    async live(which = {}) {
      const root = recorded()
      if (!root) return []
      return (
        liveRunIds(root)
          .filter(run_id => which.run === undefined || isPrefixOf(which.run, run_id))
          .map(run_id => viewRun(root, run_id))
          // A run keeps its name in `live/` until somebody saw that nothing of it is left.
          .filter(view => view.owner_state !== 'none' || !isOver(view))
          .flatMap(view => liveRun(view) ?? [])
          .filter(({ session_id }) => which.session === undefined || session_id === which.session)
          .filter(({ command }) => which.command === undefined || command === which.command)
      )
    },
    async find(run) {
      const root = recorded()
      const found = root ? findRun(root, run) : null
      if (found?.kind === 'ambiguous') throw ambiguousRun(run, found.candidates)
      const view = root && found?.kind === 'found' ? viewRun(root, found.run_id) : null
      if (!view || !isRecorded(view)) throw runNotFound(facts, run)
      const { run_id, intent } = view
      return {
        run_id,
        session_id: intent?.session_id ?? null,
        command: intent?.command ?? null,
        name: intent?.name ?? null,
      }
    },
    async stop(run_ids, { grace_ms = BACKGROUND_GRACE_MS } = {}) {
      if (!(Number.isFinite(grace_ms) && grace_ms >= 0))
        throw new FrameworkExit('GENERAL_ERROR', 'GRACE_INVALID', `grace_ms cannot be ${grace_ms}`, {
          fix_required: 'give ctx.runs.stop a number of milliseconds, 0 or more',
        })
      const root = recorded()
      const unknown = run_ids.filter(id => !root || !RUN_ID.test(id) || !isRecorded(viewRun(root, id)))
      if (unknown.length > 0)
        throw new FrameworkExit('NOT_FOUND', 'RUN_NOT_FOUND', `no run has the id ${unknown.join(', ')}`, {
          context: { run_ids: unknown },
          fix_required: 'give ctx.runs.stop whole ids, as ctx.runs.live returns them',
        })
      if (!root || run_ids.length === 0) return []
      return stopAndRefresh(root, run_ids, {
        cause: facts.stop_cause,
        grace_ms: Math.round(grace_ms),
        force: false,
      })
    },
  }
}

/** Fewer digits than four name no run, none at all least. */
const isPrefixOf = (prefix: string, run_id: string): boolean =>
  isRunIdPrefix(prefix) && run_id.startsWith(prefix)

const isRecorded = ({ intent, damaged }: RunView): boolean => intent !== null || damaged.length > 0

function liveRun({ run_id, intent, main }: RunView): LiveRun | null {
  if (!intent) return null
  const { session_id, command, name } = intent
  // The main process may be gone while its descendants live; a number that may be anybody's by now helps nobody.
  const pid = main && look(main.main) === 'alive' ? main.main.pid : null
  return { run_id, session_id, command, name, pid }
}
