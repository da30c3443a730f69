/** `start`: any program as a background run of its own, bounded in time and ended by the command that the answer names. */
import { CommandExit, defineCommand } from '../../framework/author.js'
import {
  PLAN_SCHEMA,
  PROGRAM_FLAGS,
  PROGRAM_POSITIONALS,
  programFaults,
  TEMPLATE_ERROR_CODES,
} from './program-options.js'
import { programSettings } from './program-settings.js'

/** One year: what the contract allows. */
const MAX_LIFETIME_SECONDS = 31_536_000
const LIFETIME = { least_ms: 1, most_ms: MAX_LIFETIME_SECONDS * 1_000 }

export default defineCommand({
  name: 'start',
  description: 'Start a program in the background: recorded, followed, bounded in time.',
  danger_level: 'mutating',
  required_scopes: [],
  spawns_background_process: true,
  cleanup_command: 'stop',
  max_lifetime_seconds: MAX_LIFETIME_SECONDS,
  option_placement: 'strict',
  flags: {
    ...PROGRAM_FLAGS,
    'max-lifetime': {
      type: 'string',
      description: 'When the program is ended, whoever calls or does not: 500ms, 60s, 2m, 1h, 7d; else 24h',
    },
  },
  positionals: PROGRAM_POSITIONALS,
  exit_codes: {
    SUCCESS: { description: 'The program runs', retryable: false, side_effects: 'complete' },
    PRECONDITION: {
      description: 'The program, its directory or its template cannot be used; nothing runs',
      retryable: false,
      side_effects: 'none',
      error_codes: ['START_FAILED', 'STATE_DIR_UNAVAILABLE', ...TEMPLATE_ERROR_CODES],
    },
  },
  output_schema: {
    type: 'object',
    properties: {
      effect: { enum: ['created', 'would_create'] },
      plan: PLAN_SCHEMA,
    },
    required: ['effect'],
  },
  examples: [
    { description: 'Serve for an hour', command: 'chaperone start --max-lifetime 1h -- npm run dev' },
  ],
  validate: args => programFaults(args, [['max-lifetime', args['max-lifetime'], LIFETIME]]),
  async execute(args, ctx) {
    const settings = await programSettings(args, ctx)
    const max_lifetime_ms = settings.duration('max_lifetime', args['max-lifetime'], '24h', LIFETIME)
    settings.warnOfUnused(ctx)
    if (ctx.dryRun) return { effect: 'would_create', plan: settings.plan() }
    const { argv, cwd, env } = settings
    try {
      await ctx.background.spawn(argv, { cwd, env, max_lifetime_ms })
    } catch (error) {
      if (!(error instanceof CommandExit) || error.details.code !== 'START_FAILED') throw error
      // Here the program is the caller's, not the tool's: what it lacks is a precondition, and no defect.
      throw ctx.exit.PRECONDITION(error.message, error.details)
    }
    return { effect: 'created' }
  },
})
