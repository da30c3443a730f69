/** The answer to a command line that names no command: what was probably meant, as a whole line that is accepted. */
import { exampleOrHelp } from '../argv/correction.js'
import { explainUnknown } from '../argv/nearest-command.js'
import { parseArguments } from '../argv/parse.js'
import type { ArgumentContract } from '../argv/request.js'
import type { ResolveRequest, UnknownCommand } from '../argv/resolution.js'
import { effectiveFlags } from '../contract/brought-flags.js'
import { FrameworkExit } from './framework-exit.js'
import { failure, type Outcome } from './outcome.js'
import type { CommandSource } from './source.js'

/** Words that are no command; every contract is at hand now, so that what is suggested is held to it. */
export async function unknownCommand(
  source: CommandSource,
  request: ResolveRequest,
  unknown: UnknownCommand,
): Promise<Outcome> {
  const contracts = await contractsOf(source)
  const held = { ...request, contract_of: (path: string) => contracts.get(path) }
  const { message, suggestions } = explainUnknown(held, unknown)
  return outcome(message, 'name a command of this tool', suggestions, { words: [...unknown.words] })
}

/** Words that only begin commands, such as `session`. */
export async function incompleteCommand(
  source: CommandSource,
  request: ResolveRequest,
  prefix: string,
): Promise<Outcome> {
  const { tool, globals } = request
  const suggestions: string[] = []
  for (const [path, contract] of await contractsOf(source)) {
    if (!path.startsWith(`${prefix} `)) continue
    const { errors } = parseArguments({ tool, contract, globals, argv: [], env: {}, cwd: '/' })
    suggestions.push(errors.length === 0 ? `${tool} ${path}` : exampleOrHelp(tool, contract))
  }
  return outcome(
    `${prefix} is a group of commands; name one of them`,
    'name a command of the group',
    suggestions,
    {},
  )
}

function outcome(
  message: string,
  fix_required: string,
  suggestions: readonly string[],
  context: Readonly<Record<string, unknown>>,
): Outcome {
  const [suggestion] = suggestions
  const details = {
    context: { ...context, suggestions: [...suggestions] },
    fix_required,
    ...(suggestion === undefined ? {} : { suggestion }),
  }
  return failure(new FrameworkExit('ARG_ERROR', 'UNKNOWN_COMMAND', message, details), 'validation')
}

async function contractsOf(source: CommandSource): Promise<ReadonlyMap<string, ArgumentContract>> {
  const { commands } = await source.registry()
  return new Map(
    [...commands].map(([path, { contract }]) => [path, { ...contract, flags: effectiveFlags(contract) }]),
  )
}
