/** The options that every command of every tool takes, declared once and meaning the same anywhere (REQ-F-079). */
import { DURATION_PATTERN, parseDuration } from '../argv/durations.js'
import { SESSION_ID_PATTERN } from '../store/session-id.js'
import type { Flags } from './declaration.js'

/** Formats that `--format` names; for people is what a terminal gets without it (REQ-O-001). */
export const FORMATS = ['json', 'jsonl', 'tsv', 'plain'] as const
export type FormatName = (typeof FORMATS)[number]

/** The globals without the environment variables, whose names depend on the tool: see `globalFlags`. */
export const GLOBAL_FLAGS = {
  format: {
    type: 'enum',
    enum_values: FORMATS,
    description: 'How the answer is written; json off a terminal and in CI, for people on one',
  },
  session: {
    type: 'string',
    pattern: SESSION_ID_PATTERN,
    description: 'The session that runs belong to; a new one for each call where it is left out',
  },
  timeout: {
    type: 'string',
    pattern: DURATION_PATTERN,
    description: 'Wall-clock limit of the call: 500ms, 60s, 2m, 1h; a bare integer is seconds, 0 is no limit',
  },
  quiet: { type: 'boolean', description: 'Nothing on stderr' },
  verbose: { type: 'boolean', description: 'Log lines on stderr, also off a terminal' },
  debug: { type: 'boolean', description: 'Log and debug lines on stderr, secrets left out' },
  cwd: {
    type: 'string',
    pattern_type: 'filepath',
    description: 'The directory that relative paths start from',
  },
  help: { type: 'boolean', short: 'h', description: 'Show help; nothing is run' },
  version: { type: 'boolean', short: 'V', description: 'Show the version; nothing is run' },
  schema: { type: 'boolean', description: 'Show the contract of the command, or of all of them' },
  'print-schema': { type: 'boolean', description: 'The same as --schema' },
  'output-schema': { type: 'boolean', description: 'Show the JSON Schema of what the command answers' },
} as const satisfies Flags

/** Those that take the next word: what an author needs who reads a command line before the framework does. */
export const GLOBAL_OPTIONS_WITH_VALUE = ['format', 'session', 'timeout', 'cwd'] as const

/** Of each group a call may give one (REQ-O-008). */
export const EXCLUSIVE_GLOBALS: readonly (readonly string[])[] = [['quiet', 'verbose', 'debug']]

/**
 * The globals of one tool, with the variables that stand for them.
 * @param prefix such as `MY_TOOL_`
 */
export function globalFlags(prefix: string): Flags {
  const { format, session } = GLOBAL_FLAGS
  return {
    ...GLOBAL_FLAGS,
    format: { ...format, env_vars: [{ name: `${prefix}FORMAT`, description: 'Default of --format' }] },
    session: { ...session, env_vars: [{ name: `${prefix}SESSION_ID`, description: 'Default of --session' }] },
  }
}

/** The globals of one call, typed. What was not given is null. */
export interface GlobalValues {
  readonly format: FormatName | null
  readonly session: string | null
  /** 0 is no limit. */
  readonly timeout_ms: number | null
  readonly quiet: boolean
  readonly verbose: boolean
  readonly debug: boolean
  /** Absolute. Whether it is there is for the caller to check. */
  readonly cwd: string | null
  readonly help: boolean
  readonly version: boolean
  readonly schema: boolean
  readonly output_schema: boolean
}

/** Types what `parseArguments` found for the globals; a value at fault counts as not given. */
export function readGlobals(values: Readonly<Record<string, unknown>>): GlobalValues {
  const text = (name: string) => {
    const value = values[name]
    return typeof value === 'string' ? value : null
  }
  const format = text('format')
  const timeout = text('timeout')
  return {
    format: FORMATS.find(name => name === format) ?? null,
    session: text('session'),
    timeout_ms: timeout === null ? null : parseDuration(timeout),
    quiet: values['quiet'] === true,
    verbose: values['verbose'] === true,
    debug: values['debug'] === true,
    cwd: text('cwd'),
    help: values['help'] === true,
    version: values['version'] === true,
    schema: values['schema'] === true || values['print-schema'] === true,
    output_schema: values['output-schema'] === true,
  }
}
