/** `ps`: the runs that live, or all that are on record. Reads only: signals nothing, writes nothing. */
import { defineCommand } from '../../framework/author.js'
import { internalsOf, recordedState } from '../../framework/invocation/internals.js'
import { allRunIds, liveRunIds, shortId } from '../../framework/runs/find.js'
import { isOver, isRecorded, type RunView, viewRun } from '../../framework/runs/status.js'
import { STATE_UNAVAILABLE } from './exits.js'
import { paginate } from './pagination.js'
import { STATUSES } from './run-fields.js'
import { RUN_ROW_SCHEMA, rowForPeople, runRow } from './run-row.js'
import { warnOfUnusable } from './unusable-records.js'

export default defineCommand({
  name: 'ps',
  description: 'List runs: those of which anything may be alive, or all on record.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {
    all: { type: 'boolean', description: 'Ended runs too' },
    status: {
      type: 'enum',
      enum_values: STATUSES,
      description: 'Only runs with this status; ended ones too',
    },
    limit: { type: 'integer', default: 20, description: 'Runs in one answer; 0 for all' },
    cursor: { type: 'string', description: 'Where the next page begins, as the answer before named it' },
  },
  exit_codes: {
    SUCCESS: { description: 'The runs are listed', retryable: false, side_effects: 'none' },
    PRECONDITION: STATE_UNAVAILABLE,
  },
  output_schema: {
    type: 'object',
    properties: { runs: { type: 'array', items: RUN_ROW_SCHEMA } },
    required: ['runs'],
  },
  examples: [
    { description: 'What is running', command: '{tool} ps' },
    { description: 'What failed', command: '{tool} ps --status failed' },
  ],
  validate: ({ limit }) => (limit < 0 ? [{ param: 'limit', message: '--limit must be 0 or more' }] : []),
  async execute(args, ctx) {
    const root = recordedState(ctx)
    // First of all: what gets its name there later has its records by then.
    const live = root ? liveRunIds(root) : []
    const ids = root && (args.all || args.status !== undefined) ? allRunIds(root) : live
    const named = new Set(live)
    const views = root ? ids.map(run_id => viewRun(root, run_id)) : []
    const chosen = views
      .filter(view => named.has(view.run_id) || isRecorded(view))
      .filter(view => (ctx.session.given ? view.intent?.session_id === ctx.session.id : true))
      .filter(view =>
        args.status === undefined
          ? args.all || !isOver(view) || view.damaged.length > 0
          : view.status === args.status,
      )
      .sort(newestFirst)
    const query = JSON.stringify([args.all, args.status ?? null, ctx.session.given ? ctx.session.id : null])
    const page = paginate([chosen], view => view.run_id, {
      limit: args.limit,
      cursor: args.cursor ?? null,
      query,
    })
    const internals = internalsOf(ctx)
    internals.meta({ pagination: page.pagination })
    const now = Date.now()
    internals.forPeople(row => rowForPeople(row, now))
    const sorted = root ? allRunIds(root) : []
    for (const view of page.items) warnOfUnusable(ctx, view)
    return { runs: page.items.map(view => runRow(view, shortId(view.run_id, sorted))) }
  },
})

function newestFirst(a: RunView, b: RunView): number {
  const [first, second] = [a.intent?.created_at ?? '', b.intent?.created_at ?? '']
  if (first !== second) return first < second ? 1 : -1
  return a.run_id < b.run_id ? -1 : 1
}
