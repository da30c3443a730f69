/** `session list`: the sessions in which something lives. */
import { defineCommand } from '../../framework/author.js'
import { recordedState } from '../../framework/invocation/internals.js'
import { liveRunIds } from '../../framework/runs/find.js'
import { existingPidFile } from '../../framework/runs/pid-file-path.js'
import { isStopping, sessionIds } from '../../framework/runs/session.js'
import { isOver, viewRun } from '../../framework/runs/status.js'
import { STATE_UNAVAILABLE } from './exits.js'
import { NULLABLE_STRING } from './run-fields.js'
import { warnOfUnknownSessions } from './unusable-records.js'

export default defineCommand({
  name: 'session list',
  description: 'List the sessions in which runs live.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {},
  exit_codes: {
    SUCCESS: { description: 'The sessions are listed', retryable: false, side_effects: 'none' },
    PRECONDITION: STATE_UNAVAILABLE,
  },
  output_schema: {
    type: 'object',
    properties: {
      sessions: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            session_id: { type: 'string' },
            live_runs: { type: 'integer' },
            stopping: { type: 'boolean' },
            pid_file: NULLABLE_STRING,
          },
          required: ['session_id', 'live_runs', 'stopping', 'pid_file'],
        },
      },
    },
    required: ['sessions'],
  },
  examples: [{ description: 'Which sessions live', command: '{tool} session list' }],
  async execute(_args, ctx) {
    const root = recordedState(ctx)
    if (!root) return { sessions: [] }
    warnOfUnknownSessions(ctx, root)
    const live = new Map<string, number>(sessionIds(root).map(id => [id, 0]))
    for (const run_id of liveRunIds(root)) {
      const view = viewRun(root, run_id)
      // What an ended run left behind has its name there, and may have ended since.
      if (!view.intent || isOver(view)) continue
      const { session_id } = view.intent
      live.set(session_id, (live.get(session_id) ?? 0) + 1)
    }
    const sessions = [...live]
      .map(([session_id, live_runs]) => ({
        session_id,
        live_runs,
        stopping: isStopping(root, session_id),
        pid_file: existingPidFile(root, session_id),
      }))
      .sort((a, b) => (a.session_id < b.session_id ? -1 : 1))
    return { sessions }
  },
})
