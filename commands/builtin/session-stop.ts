/** `session stop`: ends everything that lives in a session, at once and with one deadline; new starts are refused meanwhile. */
import { DURATION_PATTERN } from '../../framework/argv/durations.js'
import { defineCommand, parseDuration } from '../../framework/author.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { internalsOf, recordedState } from '../../framework/invocation/internals.js'
import { allRunIds, liveRunIds } from '../../framework/runs/find.js'
import { refreshPidFile } from '../../framework/runs/pid-file.js'
import { readIntent } from '../../framework/runs/records.js'
import { beginStopping } from '../../framework/runs/session.js'
import type { StopResult } from '../../framework/runs/stop.js'
import { stopAndRefresh } from '../../framework/runs/stop-and-refresh.js'
import { isSessionId, SESSION_ID_PATTERN } from '../../framework/store/session-id.js'
import type { StateRoot } from '../../framework/store/state-root.js'
import { FOREIGN_RUN, OWNER_HUNG, SURVIVORS } from './exits.js'
import { effectOf, failUnlessStopped, STOPPED_SCHEMA } from './stopped.js'

export default defineCommand({
  name: 'session stop',
  description: 'Stop all runs of a session at once, with one deadline.',
  danger_level: 'mutating',
  idempotent: true,
  required_scopes: [],
  flags: {
    force: { type: 'boolean', description: 'KILL at once' },
    'kill-after': {
      type: 'string',
      pattern: DURATION_PATTERN,
      default: '5s',
      description: 'How long after TERM the KILL comes',
    },
  },
  positionals: [{ name: 'id', type: 'string', required: true, description: 'The session' }],
  exit_codes: {
    SUCCESS: { description: 'Nothing of the session is alive', retryable: false, side_effects: 'complete' },
    PARTIAL_FAILURE: SURVIVORS,
    PRECONDITION: FOREIGN_RUN,
    NOT_FOUND: {
      description: 'No run was ever recorded in this session',
      retryable: false,
      side_effects: 'none',
      error_codes: ['SESSION_NOT_FOUND'],
    },
    TIMEOUT: OWNER_HUNG,
  },
  output_schema: {
    type: 'object',
    properties: {
      effect: { enum: ['updated', 'noop'] },
      session_id: { type: 'string' },
      session_stopped: { type: 'boolean' },
      stopped: { type: 'array', items: STOPPED_SCHEMA },
    },
    required: ['effect', 'session_id', 'session_stopped', 'stopped'],
  },
  timeout_seconds: 0,
  examples: [{ description: 'End a whole session', command: '{tool} session stop ci-job-7' }],
  validate: ({ id }) =>
    isSessionId(id)
      ? []
      : [
          {
            param: 'id',
            message: `${JSON.stringify(id.slice(0, 80))} is no session id; it must match ${SESSION_ID_PATTERN}`,
          },
        ],
  async execute({ id, force, 'kill-after': kill_after }, ctx) {
    const root = recordedState(ctx)
    if (!root || !isKnown(root, id)) {
      throw new FrameworkExit('NOT_FOUND', 'SESSION_NOT_FOUND', `no run was ever recorded in session ${id}`, {
        context: { session_id: id },
        fix_required: 'name a session that `session list` or `ps --all` shows',
        fix_command: `${internalsOf(ctx).facts.tool.name} session list`,
      })
    }
    const grace_ms = parseDuration(kill_after) ?? 0
    const end = beginStopping(root, id, grace_ms)
    ctx.on_cleanup(end)
    const stopped = new Map<string, StopResult>()
    // A start that was under way when the session was marked shows up in a later look.
    for (;;) {
      const next = liveIn(root, id).filter(run_id => !stopped.has(run_id))
      if (next.length === 0) break
      for (const result of await stopAndRefresh(root, next, { cause: 'session_stop', grace_ms, force }))
        stopped.set(result.run_id, result)
    }
    end()
    await refreshPidFile(root, id)
    const results = [...stopped.values()].sort((a, b) => (a.run_id < b.run_id ? -1 : 1))
    const done = results.every(({ outcome }) => outcome === 'stopped' || outcome === 'already_ended')
    const data = { effect: effectOf(results), session_id: id, session_stopped: done, stopped: results }
    failUnlessStopped(ctx, results, data)
    return data
  },
})

function isKnown(root: StateRoot, session_id: string): boolean {
  return liveIn(root, session_id).length > 0 || allRunIds(root).some(run_id => isOf(root, run_id, session_id))
}

const liveIn = (root: StateRoot, session_id: string): string[] =>
  liveRunIds(root).filter(run_id => isOf(root, run_id, session_id))

function isOf(root: StateRoot, run_id: string, session_id: string): boolean {
  const intent = readIntent(root, run_id)
  return intent.state === 'ok' && intent.record.session_id === session_id
}
