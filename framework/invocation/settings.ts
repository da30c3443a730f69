/** What the global options of one call say about its answer. */
import type { CommandContract } from '../contract/declaration.js'
import type { GlobalValues } from '../contract/global-flags.js'
import type { ToolIdentity } from '../contract/registry.js'
import { chooseFormat, type OutputFormat } from '../output/format.js'
import type { Io } from './io.js'
import { StderrAnswer } from './stderr-answer.js'

/** The limit of a call where neither `--timeout` nor the contract says otherwise, in milliseconds (REQ-F-011). */
const DEFAULT_TIMEOUT_MS = 300_000

/** The time limit of a call in milliseconds, 0 for none. */
export function timeoutOf({ timeout_seconds }: CommandContract, { timeout_ms }: GlobalValues): number {
  return timeout_ms ?? (timeout_seconds === undefined ? DEFAULT_TIMEOUT_MS : timeout_seconds * 1_000)
}

/**
 * Where the answer goes of a command whose stdout is a program's; null for all others. Its form is that of the stream
 * which carries it: a terminal for stderr has a person before it.
 */
export function stderrAnswer(
  { delegates_stdio }: CommandContract,
  globals: GlobalValues,
  {
    tool,
    io,
    whole_process,
  }: { readonly tool: ToolIdentity; readonly io: Io; readonly whole_process: boolean },
): StderrAnswer | null {
  if (delegates_stdio !== true) return null
  const format = formatOf(globals, tool, { env: io.env, stdout_is_tty: io.stderr_is_tty })
  return new StderrAnswer(io, format, whole_process)
}

/** How much goes to stderr beside errors: nothing at all, errors, what the command tells, everything. */
export type Verbosity = 'quiet' | 'errors' | 'told' | 'debug'

export function formatOf(
  globals: GlobalValues,
  tool: ToolIdentity,
  io: Pick<Io, 'env' | 'stdout_is_tty'>,
): OutputFormat {
  return choose(globals.format, tool, io)
}

/**
 * The format where the call itself could not be read: the flag is looked for by hand, so that even then the caller
 * gets the form that it asked for.
 */
export function guessFormat(argv: readonly string[], tool: ToolIdentity, io: Io): OutputFormat {
  const end = argv.indexOf('--')
  const own = end < 0 ? argv : argv.slice(0, end)
  const joined = own.find(token => token.startsWith('--format='))?.slice('--format='.length)
  const index = own.indexOf('--format')
  return choose(joined ?? (index < 0 ? null : (own[index + 1] ?? null)), tool, io)
}

function choose(
  flag: string | null,
  tool: ToolIdentity,
  io: Pick<Io, 'env' | 'stdout_is_tty'>,
): OutputFormat {
  return chooseFormat({
    flag,
    env_value: io.env[`${tool.prefix}FORMAT`] ?? null,
    env: io.env,
    stdout_is_tty: io.stdout_is_tty,
  })
}

export function verbosityOf(globals: GlobalValues, io: Io): Verbosity {
  if (globals.quiet) return 'quiet'
  if (globals.debug) return 'debug'
  if (globals.verbose) return 'told'
  return io.stdout_is_tty && !io.env['CI'] ? 'told' : 'errors'
}
