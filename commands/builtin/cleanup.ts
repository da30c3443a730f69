/**
 * `cleanup`: ends what should not run any more, by each run's own cleanup command, and removes what nobody needs
 * (REQ-O-027). Processes first: what runs may still write what is to be removed.
 */
import { defineCommand } from '../../framework/author.js'
import { internalsOf, recordedState } from '../../framework/invocation/internals.js'
import { type CleanScope, cleanFiles } from './cleanup-files.js'
import { endRuns, type Selection, selectRuns } from './cleanup-runs.js'
import { FOREIGN_RUN, OWNER_HUNG, SURVIVORS } from './exits.js'
import { graceOf, KILL_AFTER, killAfterFaults } from './kill-after.js'
import { effectOf, failUnlessStopped, STOPPED_SCHEMA } from './stopped.js'
import { warnOfUnknownSessions } from './unusable-records.js'

export default defineCommand({
  name: 'cleanup',
  description: 'End what should not run any more, and remove temporary and cached files.',
  danger_level: 'mutating',
  idempotent: true,
  required_scopes: [],
  flags: {
    'all-sessions': { type: 'boolean', description: 'End the live runs of every session' },
    expired: { type: 'boolean', description: 'End only runs past their lifetime' },
    scope: {
      type: 'enum',
      enum_values: ['all', 'temp', 'cache', 'logs', 'runs'],
      description:
        'Which files go; temp and cache where it is left out; logs and runs of ended runs only when named',
    },
    'min-age': {
      type: 'integer',
      default: 0,
      description: 'Keep what was written in the last so many seconds',
    },
    'kill-after': KILL_AFTER,
    'dry-run': { type: 'boolean', description: 'Say what would be ended and removed' },
  },
  exit_codes: {
    SUCCESS: { description: 'Nothing of it is left', retryable: false, side_effects: 'complete' },
    PARTIAL_FAILURE: SURVIVORS,
    PRECONDITION: FOREIGN_RUN,
    TIMEOUT: OWNER_HUNG,
  },
  output_schema: {
    type: 'object',
    properties: {
      effect: { enum: ['deleted', 'noop', 'would_delete'] },
      stopped: { type: 'array', items: STOPPED_SCHEMA },
      cleaned: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            path: { type: 'string' },
            type: { enum: ['temp', 'cache', 'log', 'run'] },
            bytes_freed: { type: 'integer' },
          },
          required: ['path', 'type', 'bytes_freed'],
        },
      },
      total_bytes_freed: { type: 'integer' },
      hint: { type: 'string' },
      would_affect: { type: 'object' },
    },
    required: ['effect', 'stopped', 'cleaned', 'total_bytes_freed'],
  },
  timeout_seconds: 0,
  examples: [
    { description: 'End all runs of a session', command: '{tool} cleanup --session ci-job-7' },
    { description: 'What would go', command: '{tool} cleanup --scope all --dry-run' },
  ],
  validate: args => [
    ...killAfterFaults(args['kill-after']),
    ...(args['min-age'] < 0 ? [{ param: 'min-age', message: '--min-age must be 0 or more' }] : []),
  ],
  async execute(args, ctx) {
    const root = recordedState(ctx)
    const selection: Selection = args['all-sessions']
      ? { kind: 'all' }
      : ctx.session.given
        ? { kind: 'session', session_id: ctx.session.id }
        : { kind: 'lost' }
    if (root && selection.kind !== 'all') warnOfUnknownSessions(ctx, root)
    const chosen = root ? selectRuns(root, selection, args.expired) : []
    const grace_ms = graceOf(args['kill-after'])
    const scope: CleanScope = args.scope ?? 'default'
    const files = { scope, min_age_ms: args['min-age'] * 1_000, dry_run: ctx.dryRun }

    if (ctx.dryRun) {
      const cleaned = await cleanFiles(ctx, root, files)
      return {
        effect: 'would_delete' as const,
        stopped: [],
        cleaned,
        total_bytes_freed: total(cleaned),
        would_affect: { runs: chosen.map(({ run_id }) => run_id), paths: cleaned.map(({ path }) => path) },
      }
    }
    const stopped = root ? await endRuns(ctx, root, chosen, grace_ms) : []
    const cleaned = await cleanFiles(ctx, root, files)
    const nothing = effectOf(stopped) === 'noop' && cleaned.length === 0
    const data = {
      effect: nothing ? ('noop' as const) : ('deleted' as const),
      stopped,
      cleaned,
      total_bytes_freed: total(cleaned),
      ...(nothing ? { hint: hintFor(selection, internalsOf(ctx).facts.tool.name) } : {}),
    }
    failUnlessStopped(ctx, stopped, data)
    return data
  },
})

const total = (cleaned: readonly { readonly bytes_freed: number }[]): number =>
  cleaned.reduce((sum, { bytes_freed }) => sum + bytes_freed, 0)

function hintFor(selection: Selection, tool: string): string {
  switch (selection.kind) {
    case 'session':
      return `nothing lives in session ${selection.session_id}; \`${tool} session list\` shows where something does`
    case 'all':
      return 'nothing lives in any session'
    case 'lost':
      return `nothing was left behind; live runs are ended by \`${tool} cleanup --session <id>\` or --all-sessions`
  }
}
