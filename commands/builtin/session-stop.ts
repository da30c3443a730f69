/** `session stop`: ends everything that lives in a session, at once and with one deadline; new starts are refused meanwhile. */
import { defineCommand } from '../../framework/author.js'
import type { BaseContext } from '../../framework/invocation/context.js'
import { FrameworkExit } from '../../framework/invocation/framework-exit.js'
import { internalsOf, recordedState } from '../../framework/invocation/internals.js'
import { isSessionKnown, SessionStop } from '../../framework/runs/stop-session.js'
import { isSessionId, SESSION_ID_PATTERN } from '../../framework/store/session-id.js'
import { FOREIGN_RUN, OWNER_HUNG, SURVIVORS } from './exits.js'
import { graceOf, KILL_AFTER, killAfterFaults } from './kill-after.js'
import { effectOf, failUnlessStopped, STOPPED_SCHEMA } from './stopped.js'
import { warnOfUnknownSessions } from './unusable-records.js'

export default defineCommand({
  name: 'session stop',
  description: 'Stop all runs of a session at once, with one deadline.',
  danger_level: 'mutating',
  idempotent: true,
  required_scopes: [],
  flags: {
    force: { type: 'boolean', description: 'KILL at once' },
    'kill-after': KILL_AFTER,
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
  validate: ({ id, 'kill-after': kill_after }) => [
    ...killAfterFaults(kill_after),
    ...(isSessionId(id)
      ? []
      : [
          {
            param: 'id',
            message: `${JSON.stringify(id.slice(0, 80))} is no session id; it must match ${SESSION_ID_PATTERN}`,
          },
        ]),
  ],
  async execute({ id, force, 'kill-after': kill_after }, ctx) {
    const root = recordedState(ctx)
    if (!root || !isSessionKnown(root, id)) {
      if (root) warnOfUnknownSessions(ctx, root)
      throw new FrameworkExit('NOT_FOUND', 'SESSION_NOT_FOUND', `no run was ever recorded in session ${id}`, {
        context: { session_id: id },
        fix_required: 'name a session that `session list` or `ps --all` shows',
        fix_command: `${internalsOf(ctx).facts.tool.name} session list`,
      })
    }
    const stop = new SessionStop(root, id, { grace_ms: graceOf(kill_after), force })
    ctx.on_cleanup(() => stop.release())
    const { session_stopped, stopped } = await stop.run()
    // Asked of those that live now; before, that was everybody whom the stop is for.
    warnOfUnknownSessions(ctx, root)
    const data = { effect: effectOf(stopped), session_id: id, session_stopped, stopped }
    failUnlessStopped(ctx, stopped, data)
    if (!session_stopped) throw notStopped(ctx, id, data)
    return data
  },
})

/** Its runs have ended, and what they had in common has not. */
const notStopped = (ctx: BaseContext, id: string, data: Readonly<Record<string, unknown>>): FrameworkExit =>
  new FrameworkExit(
    'PARTIAL_FAILURE',
    'SURVIVORS',
    `the runs of session ${id} have ended; what held them, or its terminal server, has not`,
    {
      data,
      fix_required: 'end what listens on the socket of its terminals, and stop it again',
      fix_command: `${internalsOf(ctx).facts.tool.name} session stop ${id}`,
    },
  )
