/** `run`: any program in the foreground, transparent to who calls it, with all that it starts followed and reported. */
import { defineCommand, type ForegroundOptions } from '../../framework/author.js'
import {
  DURATION,
  PLAN_SCHEMA,
  PROGRAM_FLAGS,
  PROGRAM_POSITIONALS,
  programFaults,
  TEMPLATE_ERROR_CODES,
} from './program-options.js'
import { type ProgramSettings, programSettings } from './program-settings.js'

const MODES = ['strict-run', 'follow-descendants'] as const
const ON_LEFTOVER = ['report', 'terminate'] as const
const DURATIONS = ['grace', 'linger', 'kill-after', 'max-lifetime'] as const

export default defineCommand({
  name: 'run',
  description: 'Run a program in the foreground, and report what it leaves running.',
  danger_level: 'mutating',
  required_scopes: [],
  delegates_stdio: true,
  // The program has as long as it needs; --max-lifetime bounds it.
  timeout_seconds: 0,
  option_placement: 'strict',
  flags: {
    ...PROGRAM_FLAGS,
    mode: {
      type: 'enum',
      enum_values: MODES,
      description: 'How long what the program started is followed once it has ended; else strict-run',
    },
    grace: {
      type: 'string',
      description: 'strict-run: how long is waited for descendants that are about to end; else 2s',
    },
    linger: {
      type: 'string',
      description: 'follow-descendants: how long the last descendant is waited for; else 60s',
    },
    'kill-after': {
      type: 'string',
      description: 'From a TERM, INT or HUP, or the end of the lifetime, to KILL for the whole tree; else 5s',
    },
    'on-leftover': {
      type: 'enum',
      enum_values: ON_LEFTOVER,
      description: 'What happens to descendants that are there when that time is over; else report',
    },
    'max-lifetime': {
      type: 'string',
      description: 'When the program and all that it started is ended: 500ms, 60s, 2m, 1h, 7d; else never',
    },
    runtime: {
      type: 'enum',
      enum_values: ['foreground', 'background', 'bg', 'tmux'],
      description:
        'background, bg and tmux: the same as `start --runtime`, with the options of start; else foreground',
    },
    capture: {
      type: 'boolean',
      description: 'Keep a copy of stdout and stderr in the log of the run; both are pipes then',
    },
    report: {
      type: 'string',
      pattern_type: 'filepath',
      description: 'Write the report to this file instead of stderr',
    },
  },
  positionals: PROGRAM_POSITIONALS,
  exit_codes: {
    SUCCESS: { description: 'The program exited with 0', retryable: false, side_effects: 'complete' },
    PRECONDITION: {
      description: 'The program, its directory, its template or its report cannot be used; nothing ran',
      retryable: false,
      side_effects: 'none',
      error_codes: ['START_FAILED', 'STATE_DIR_UNAVAILABLE', 'REPORT_UNWRITABLE', ...TEMPLATE_ERROR_CODES],
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
    { description: 'Run the tests, and see what they leave running', command: 'chaperone run -- npm test' },
    {
      description: 'Wait for what a script leaves running, and end what remains after a minute',
      command: 'chaperone run --mode follow-descendants --linger 1m --on-leftover terminate -- ./build.sh',
    },
  ],
  validate(args) {
    const faults = programFaults(
      args,
      DURATIONS.map(flag => [flag, args[flag], DURATION]),
    )
    // A template may name the mode; then it is looked at once it has been read.
    const mode = args.mode ?? (args.template === undefined ? 'strict-run' : undefined)
    if (mode === 'strict-run' && args.linger !== undefined)
      faults.push({
        param: 'linger',
        message: '--linger needs --mode follow-descendants; strict-run waits for --grace',
      })
    if (mode === 'follow-descendants' && args.grace !== undefined)
      faults.push({
        param: 'grace',
        message: '--grace is for --mode strict-run; follow-descendants waits for --linger',
      })
    return faults
  },
  async execute(args, ctx) {
    const settings = await programSettings(args, ctx)
    refuseElsewhere(settings.option('runtime', args.runtime, 'foreground'), settings)
    const options = foregroundOptions(args, settings)
    settings.warnOfUnused(ctx)
    if (ctx.dryRun) return { effect: 'would_create', plan: settings.plan() }
    const { argv, cwd, env } = settings
    await ctx.foreground.run(argv, { ...options, cwd, env })
    return { effect: 'created' }
  },
})

/**
 * Whoever asks for another runtime is answered by `start` before this command is reached; what is in its hands all the
 * same, such as a template that was written anew in between, must not be run in front unasked.
 * @throws CommandExit `TEMPLATE_INVALID`
 */
function refuseElsewhere(runtime: string, settings: ProgramSettings): void {
  if (runtime === 'foreground') return
  throw settings.refused(
    [`runtime ${runtime} is none of the foreground`],
    'use start -t, or give --runtime foreground',
  )
}

interface RunFlags {
  readonly mode: string | undefined
  readonly grace: string | undefined
  readonly linger: string | undefined
  readonly 'kill-after': string | undefined
  readonly 'on-leftover': string | undefined
  readonly 'max-lifetime': string | undefined
  readonly capture: boolean
  readonly report: string | undefined
}

/** @throws CommandExit `TEMPLATE_INVALID` where the template has a value that no run can have */
function foregroundOptions(args: RunFlags, settings: ProgramSettings): ForegroundOptions {
  const asked = settings.option('mode', args.mode, 'strict-run')
  const on_leftover = settings.option('on_leftover', args['on-leftover'], 'report')
  const follows = asked === 'follow-descendants'
  // What the other mode waits for is no option of this one.
  if (follows && args.grace !== undefined) throw settings.refused(['its mode does not take --grace'])
  if (!follows && args.linger !== undefined) throw settings.refused(['its mode does not take --linger'])
  const max_lifetime = settings.option('max_lifetime', args['max-lifetime'])
  return {
    mode: follows ? 'follow-descendants' : 'strict-run',
    ...(follows
      ? { linger_ms: settings.duration('linger', args.linger, '60s', DURATION) }
      : { grace_ms: settings.duration('grace', args.grace, '2s', DURATION) }),
    kill_after_ms: settings.duration('kill_after', args['kill-after'], '5s', DURATION),
    on_leftover: on_leftover === 'terminate' ? 'terminate' : 'report',
    ...(max_lifetime === undefined
      ? {}
      : { max_lifetime_ms: settings.duration('max_lifetime', args['max-lifetime'], max_lifetime, DURATION) }),
    capture: args.capture,
    ...(args.report === undefined ? {} : { report: args.report }),
  }
}
