/** What `run` and `start` share of a command line: the program, its environment, a template, a dry run. */
import { type ArgumentError, type FlagDeclaration, parseDuration } from '../../framework/author.js'

export const PROGRAM_FLAGS = {
  template: {
    type: 'string',
    short: 't',
    pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
    description:
      'What was prepared under this name; options given beside it win, words are added to its program',
  },
  env: { type: 'array', description: 'NAME=VALUE for the environment of the program; repeatable' },
  'dry-run': {
    type: 'boolean',
    description: 'Start nothing; show what would run, and where each value comes from',
  },
} as const satisfies Readonly<Record<string, FlagDeclaration>>

/** Both are `option_placement: 'strict'`: the program's own options are not ours. */
export const PROGRAM_POSITIONALS = [
  {
    name: 'argv',
    type: 'string',
    variadic: true,
    description: 'The program and its arguments; may be left out where a template names a program',
  },
] as const

/** The codes of exit 4 that templates bring. */
export const TEMPLATE_ERROR_CODES = [
  'TEMPLATE_NOT_FOUND',
  'TEMPLATE_NOT_PRIVATE',
  'TEMPLATE_INVALID',
] as const

/** `plan` of a dry run: each value with its source. */
export const PLAN_SCHEMA = {
  type: 'object',
  additionalProperties: {
    type: 'object',
    properties: {
      value: {},
      from: { enum: ['command_line', 'template', 'template_and_command_line', 'caller', 'default'] },
    },
    required: ['value', 'from'],
  },
} as const

/** A duration that an option may have, in ms. */
export interface DurationLimits {
  readonly least_ms: number
  readonly most_ms: number
}

/** What `run` and templates take: more than nothing, at most a year. */
export const DURATION: DurationLimits = { least_ms: 1, most_ms: 31_536_000_000 }

/** A name of a run is unique in its session and has the same form as a session. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** What the arguments of both commands have in common. */
export interface ProgramArguments {
  readonly template: string | undefined
  readonly env: readonly string[]
  readonly argv: readonly string[]
}

/**
 * Everything that is wrong with the shared options, as far as it shows without reading a template: for `validate`.
 * @param durations the command's own durations: flag, its text where it was given, what it may be
 */
export function programFaults(
  { template, env, argv }: ProgramArguments,
  durations: readonly (readonly [flag: string, text: string | undefined, limits: DurationLimits])[] = [],
): ArgumentError[] {
  const faults: ArgumentError[] = []
  if (argv.length === 0 && template === undefined)
    faults.push({ param: 'argv', message: '<argv> is required: a program and its arguments, after --' })
  if (argv[0] === '' && template === undefined)
    faults.push({ param: 'argv', message: 'the program cannot be the empty word' })
  for (const entry of env) {
    // By another name than the flag's: with it the values of all variables would be repeated in the answer.
    if (!ENVIRONMENT_ENTRY.test(entry)) faults.push({ param: '--env', message: misfit(entry) })
  }
  for (const [flag, text, limits] of durations) {
    const problem = text === undefined ? null : durationProblem(text, limits)
    if (problem) faults.push({ param: flag, message: `--${flag} ${problem}` })
  }
  return faults
}

/** Completes the sentence that begins with the option's name; null where the text is such a duration. */
export function durationProblem(text: string, { least_ms, most_ms }: DurationLimits): string | null {
  const ms = parseDuration(text)
  if (ms === null) return `must be a duration such as 500ms, 60s, 2m, 1h or 7d, not '${text.slice(0, 40)}'`
  if (ms < least_ms) return least_ms === 1 ? 'must be longer than 0' : `must be ${least_ms} ms or more`
  return ms > most_ms
    ? `must be at most ${most_ms < DAY_MS ? `${most_ms / HOUR_MS}h` : `${most_ms / DAY_MS}d`}`
    : null
}

/** `NAME=VALUE` taken apart; of several with one name the last counts, as for env(1). */
export function environmentOf(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map(entry => {
      const at = entry.indexOf('=')
      return [entry.slice(0, at), entry.slice(at + 1)]
    }),
  )
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ENVIRONMENT_ENTRY = /^[A-Za-z_][A-Za-z0-9_]*=/

/** Only the name is repeated: what stands behind it may be a secret. */
function misfit(entry: string): string {
  const at = entry.indexOf('=')
  if (at < 0) return `--env must be NAME=VALUE; '${entry.slice(0, 40)}' has no =`
  return `--env must be NAME=VALUE; '${entry.slice(0, Math.min(at, 40))}' is no name of a variable`
}
