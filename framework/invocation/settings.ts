/** What the global options of one call say about its answer. */
import type { GlobalValues } from '../contract/global-flags.js'
import type { ToolIdentity } from '../contract/registry.js'
import { chooseFormat, type OutputFormat } from '../output/format.js'
import type { Io } from './io.js'

/** How much goes to stderr beside errors: nothing at all, errors, what the command tells, everything. */
export type Verbosity = 'quiet' | 'errors' | 'told' | 'debug'

export function formatOf(globals: GlobalValues, tool: ToolIdentity, io: Io): OutputFormat {
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

function choose(flag: string | null, tool: ToolIdentity, io: Io): OutputFormat {
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
