/** Another command line of the same tool, executed as part of a call: a context of its own, the caller's process. */
import { parseArguments } from '../argv/parse.js'
import { resolveCommand } from '../argv/resolve.js'
import { effectiveFlags } from '../contract/brought-flags.js'
import { globalFlags, readGlobals } from '../contract/global-flags.js'
import type { CallFacts } from './call-facts.js'
import { execute } from './execute.js'
import { FrameworkExit } from './framework-exit.js'
import { Interruption } from './interruption.js'
import { failure, type Outcome, refused } from './outcome.js'
import { timeoutOf } from './settings.js'
import type { CommandSource } from './source.js'
import { faultsOf } from './validation.js'

/**
 * Has the time limit of its own contract, since the call around it may have none (REQ-F-011).
 * @param around the interruption of the call around it, which cuts it short, too
 * @param answered resolves when that call has been answered
 * @returns its outcome; no envelope is written
 */
export async function callInside(
  source: CommandSource,
  outer: CallFacts,
  argv: readonly string[],
  around: Interruption,
  answered: Promise<void>,
): Promise<Outcome> {
  const { tool, io, cwd } = outer
  const globals = globalFlags(tool.prefix)
  const { paths, aliases } = source
  const resolution = resolveCommand({ tool: tool.name, argv, paths, aliases, globals })
  if (resolution.kind !== 'command') {
    const message = `${JSON.stringify(argv)} names no command`
    return failure(new FrameworkExit('ARG_ERROR', 'UNKNOWN_COMMAND', message), 'validation')
  }
  const { path, rest } = resolution
  const described = await source.describe(path)
  const contract = { ...described.contract, flags: effectiveFlags(described.contract) }
  const parsed = parseArguments({ tool: tool.name, contract, globals, argv: rest, env: io.env, cwd })
  const command = await source.load(path)
  const faults = await faultsOf({ tool, io, cwd, described, command, parsed })
  if (faults.length > 0) return refused(faults)
  const asked = readGlobals(parsed.globals)
  const { session } = asked
  const interruption = new Interruption(around)
  interruption.limit(timeoutOf(contract, asked), contract.exit_codes['TIMEOUT']?.retryable === true)
  const facts = {
    ...outer,
    command: path,
    stop_cause: 'cleanup' as const,
    ...(session === null ? {} : { session_id: session, session_given: true }),
  }
  const executed = await execute({
    facts,
    described,
    command,
    args: parsed.args,
    given: parsed.present,
    interruption,
    verbosity: 'quiet',
    strict: false,
    internals: {
      source,
      manifest_target: () => null,
    },
    call: inner => callInside(source, facts, inner, interruption, answered),
  })
  interruption.settle()
  // Cut short, its handler may be at work still: until the process may end, what that starts or breaks is its own.
  if (interruption.cut) void answered.then(() => executed.confirm())
  else await executed.confirm()
  return executed.outcome
}
