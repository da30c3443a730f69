/** `start`: any program as a background run of its own, bounded in time and ended by the command that the answer names. */
import { CommandExit, defineCommand } from '../../framework/author.js'
import {
  NAME,
  PLAN_SCHEMA,
  PROGRAM_FLAGS,
  PROGRAM_POSITIONALS,
  programFaults,
  TEMPLATE_ERROR_CODES,
} from './program-options.js'
import { programSettings } from './program-settings.js'
import { bindFaults, READY_TIMEOUT, readyFaults, startOptions } from './start-options.js'

/** One year: what the contract allows. */
const MAX_LIFETIME_SECONDS = 31_536_000
const LIFETIME = { least_ms: 1, most_ms: MAX_LIFETIME_SECONDS * 1_000 }
const DEFAULT_LIFETIME = '24h'

export default defineCommand({
  name: 'start',
  description: 'Start a program in the background: recorded, followed, bounded in time.',
  danger_level: 'mutating',
  required_scopes: [],
  spawns_background_process: true,
  cleanup_command: 'stop',
  max_lifetime_seconds: MAX_LIFETIME_SECONDS,
  option_placement: 'strict',
  // The longest that a program may take to become ready, and what a start takes beside it.
  timeout_seconds: READY_TIMEOUT.most_ms / 1_000 + 100,
  flags: {
    ...PROGRAM_FLAGS,
    runtime: {
      type: 'enum',
      enum_values: ['background', 'tmux'],
      description: 'Where it lives; else background. tmux: on a terminal that attach opens',
    },
    'max-lifetime': {
      type: 'string',
      description: `When it is ended, whoever calls or does not: 500ms, 60s, 2m, 1h, 7d; else ${DEFAULT_LIFETIME}`,
    },
    name: {
      type: 'string',
      pattern: NAME.source,
      description: 'Unique in its session: the same program again is answered with the run that is there',
    },
    'ready-log': {
      type: 'string',
      description: 'Answer when a line of its log matches this regular expression',
    },
    'ready-port': { type: 'integer', description: 'Answer when this TCP port accepts connections' },
    'ready-fd': { type: 'integer', description: 'Answer when it writes a line to this descriptor' },
    'ready-timeout': {
      type: 'string',
      description: 'How long it may take to become ready, else 30s; then it is ended, exit 10',
    },
    'bind-pid': {
      type: 'string',
      description: 'End it when this process ends: a pid, or parent for the caller',
    },
  },
  positionals: PROGRAM_POSITIONALS,
  exit_codes: {
    SUCCESS: { description: 'The program runs', retryable: false, side_effects: 'complete' },
    GENERAL_ERROR: {
      description: 'The program ended before it was ready',
      retryable: false,
      side_effects: 'partial',
      error_codes: ['NOT_READY'],
    },
    PRECONDITION: {
      description:
        'The program, its directory, its template, or what it is bound to cannot be used; nothing runs',
      retryable: false,
      side_effects: 'none',
      error_codes: ['START_FAILED', 'STATE_DIR_UNAVAILABLE', 'BOUND_PROCESS_GONE', ...TEMPLATE_ERROR_CODES],
    },
    CONFLICT: {
      description:
        'Another run has the name, or the port is taken, or the session is being stopped; nothing runs',
      retryable: false,
      side_effects: 'none',
      error_codes: ['ALREADY_EXISTS', 'PORT_TAKEN', 'SESSION_STOPPING', 'STOPPED_BEFORE_START'],
    },
    TIMEOUT: {
      description: 'The program was not ready in time and has been ended',
      retryable: false,
      side_effects: 'partial',
      error_codes: ['READY_TIMEOUT'],
    },
  },
  output_schema: {
    type: 'object',
    properties: {
      effect: { enum: ['created', 'noop', 'would_create'] },
      name: { type: ['string', 'null'] },
      ready: { type: ['boolean', 'null'], description: 'Null where nobody waited for that' },
      plan: PLAN_SCHEMA,
    },
    required: ['effect'],
  },
  examples: [
    { description: 'Serve for an hour', command: 'chaperone start --max-lifetime 1h -- npm run dev' },
    {
      description: 'Start a server unless it runs, and wait until it answers',
      command: 'chaperone start --session dev --name web --ready-port 5173 -- npm run dev',
    },
  ],
  validate: args => [
    ...programFaults(args, [
      ['max-lifetime', args['max-lifetime'], LIFETIME],
      ['ready-timeout', args['ready-timeout'], READY_TIMEOUT],
    ]),
    ...readyFaults(args),
    ...bindFaults(args['bind-pid']),
  ],
  async execute(args, ctx) {
    const settings = await programSettings(args, ctx)
    const max_lifetime_ms = settings.duration(
      'max_lifetime',
      args['max-lifetime'],
      DEFAULT_LIFETIME,
      LIFETIME,
    )
    const options = startOptions(args, settings)
    settings.warnOfUnused(ctx)
    const { name } = options
    if (name !== undefined && !ctx.session.given)
      ctx.warn('NAME_IN_NEW_SESSION', 'without a session the name keeps no other call from a second start', {
        name,
        fix_required: 'give --session, or set the session in the environment',
      })
    if (ctx.dryRun) return { effect: 'would_create', name: name ?? null, plan: settings.plan() }
    const { argv, cwd, env } = settings
    const run = await ctx.background.spawn(argv, { cwd, env, max_lifetime_ms, ...options }).catch(error => {
      // Here the program is the caller's, not the tool's: what it lacks is a precondition, and no defect.
      if (error instanceof CommandExit && error.details.code === 'START_FAILED')
        throw ctx.exit.PRECONDITION(error.message, error.details)
      throw error
    })
    return { effect: run.existed ? 'noop' : 'created', name: name ?? null, ready: run.is_ready }
  },
})
