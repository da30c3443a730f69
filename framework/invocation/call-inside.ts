/** Another command line of the same tool, executed as part of a call: a context of its own, the caller's process. */
import { parseArguments } from '../argv/parse.js'
import { resolveCommand } from '../argv/resolve.js'
import { effectiveFlags } from '../contract/brought-flags.js'
import { globalFlags, readGlobals } from '../contract/global-flags.js'
import type { CallFacts } from './call-facts.js'
import { execute } from './execute.js'
import { FrameworkExit } from './framework-exit.js'
import type { Interruption } from './interruption.js'
import { failure, type Outcome, refused } from './outcome.js'
import type { CommandSource } from './source.js'
import { faultsOf } from './validation.js'

/** @returns its outcome; no envelope is written */
export async function callInside(
  source: CommandSource,
  outer: CallFacts,
  argv: readonly string[],
  interruption: Interruption,
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
  const session = readGlobals(parsed.globals).session
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
      call: inner => callInside(source, facts, inner, interruption),
    },
  })
  await executed.confirm()
  return executed.outcome
}
