/** Another command line of the same tool, executed as part of a call: a context of its own, the caller's process. */
import { parseArguments } from '../argv/parse.js'
import { resolveCommand } from '../argv/resolve.js'
import { effectiveFlags } from '../contract/brought-flags.js'
import { globalFlags, readGlobals } from '../contract/global-flags.js'
import type { CallFacts } from './call-facts.js'
import { execute } from './execute.js'
import { FrameworkExit } from './framework-exit.js'
import { cutOutcome, Interruption } from './interruption.js'
import { failure, type Outcome, refused } from './outcome.js'
import { timeoutOf } from './settings.js'
import type { CommandSource } from './source.js'
import { faultsOf } from './validation.js'

/** What a call within another one needs of that. */
interface Around {
  readonly source: CommandSource
  readonly facts: CallFacts
  /** What cuts that call short cuts this one short, too. */
  readonly interruption: Interruption
  /** Resolves when that call has been answered. */
  readonly answered: Promise<void>
}

/**
 * Has the time limit of its own contract, since the call around it may have none (REQ-F-011). Never rejects.
 * @returns its outcome; no envelope is written
 */
export async function callInside(around: Around, argv: readonly string[]): Promise<Outcome> {
  const interruption = new Interruption(around.interruption)
  try {
    return await called({ ...around, interruption }, argv)
  } catch (error) {
    return failure(error, 'validation')
  } finally {
    interruption.settle()
  }
}

/** @param call all of the call around it, but with an interruption of its own */
async function called(call: Around, argv: readonly string[]): Promise<Outcome> {
  const { source, interruption, answered } = call
  const { tool, io, cwd } = call.facts
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
  const asked = readGlobals(parsed.globals)
  interruption.limit(timeoutOf(contract, asked), contract.exit_codes['TIMEOUT']?.retryable === true)
  // An import may never end, and the call around this one waits for it.
  const command = await Promise.race([source.load(path), interruption.happened])
  if (!('execute' in command)) return cutOutcome(command, null)
  const faults = await faultsOf({ tool, io, cwd, described, command, parsed })
  if (faults.length > 0) return refused(faults)
  if (interruption.cut) return cutOutcome(interruption.cut, null)
  const { session } = asked
  const facts = {
    ...call.facts,
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
    call: inner => callInside({ source, facts, interruption, answered }, inner),
  })
  // Cut short, its handler may be at work still: until the process may end, what that starts or breaks is its own.
  if (interruption.cut) void answered.then(() => executed.confirm())
  else await executed.confirm()
  return executed.outcome
}
