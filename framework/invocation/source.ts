/** Where an invocation gets its commands from: one interface over development (all loaded and checked) and a compiled manifest. */
import { effectiveFlags } from '../contract/brought-flags.js'
import type { CommandContract } from '../contract/declaration.js'
import { RegistrationError } from '../contract/registration-error.js'
import type { Registry, ToolIdentity } from '../contract/registry.js'
import type { Violation } from '../contract/violation.js'
import type { Command } from './command.js'

/** What is known of a command without loading its module. */
export interface DescribedCommand {
  readonly contract: CommandContract
  readonly builtin: boolean
  /** What does not fit the declared output schema, as sentences. */
  check_output(data: unknown): Promise<readonly string[]>
  /** What does not fit the own schema of an `object` or `array` flag, as sentences about the flag. */
  check_flag(flag: string, value: unknown): Promise<readonly string[]>
}

export interface CommandSource {
  readonly tool: ToolIdentity
  readonly compiled: boolean
  readonly paths: readonly string[]
  /** Alias to path. */
  readonly aliases: ReadonlyMap<string, string>
  /** Registration warnings: accepted, but worth a look; empty in a compiled tool. */
  readonly warnings: readonly Violation[]
  describe(path: string): Promise<DescribedCommand>
  /**
   * Loads the command's module, alone.
   * @throws FrameworkExit `MANIFEST_STALE` where a compiled tool's module has another contract than was compiled
   */
  load(path: string): Promise<Command>
  /** Every contract; loads them where they are not loaded yet. */
  registry(): Promise<Registry>
  /** Of the whole ManifestResponse (REQ-O-041). */
  etag(): Promise<string>
  /** The whole ManifestResponse: as the build wrote it, for reading it back costs more than the rest of an answer. */
  response_json(): Promise<string>
}

/** A registry as agents and people see it: each command with the flags that its declaration brings. */
export const shownRegistry = ({ tool, commands }: Registry): Registry => ({
  tool,
  commands: new Map(
    [...commands].map(([path, command]) => [
      path,
      { ...command, contract: { ...command.contract, flags: effectiveFlags(command.contract) } },
    ]),
  ),
})

/** Commands as an author gives them: in a list, or as modules that are loaded when called. */
export type CommandModule = { readonly default: Command }
export type CommandRoutes = Readonly<Record<string, () => Promise<CommandModule>>>
export type Commands = readonly Command[] | CommandRoutes

/** Loads the module of one path. */
export type LoadCommand = () => Promise<Command>

/** A command on its way in: nothing of it is known yet. */
export interface CommandLoader {
  /** The key of a route table; the own name of a command in a list, where it has one. */
  readonly path: string
  /** False where the path is no more than what the command says of itself. */
  readonly routed: boolean
  readonly load: LoadCommand
}

/**
 * The commands of a definition, in its order; whatever stands in place of one is kept, for registration to refuse.
 * @throws RegistrationError where there is neither a list nor a table
 */
export function loaders(commands: Commands): readonly CommandLoader[] {
  if (isList(commands))
    return commands.map(command => ({
      path: String(command?.name),
      routed: false,
      load: async () => command,
    }))
  if (typeof commands !== 'object' || commands === null) throw new RegistrationError([NO_COMMANDS])
  return Object.entries(commands).map(([path, load]) => ({
    path,
    routed: true,
    load: async () => (await load()).default,
  }))
}

const isList = (commands: Commands): commands is readonly Command[] => Array.isArray(commands)

const NO_COMMANDS: Violation = {
  code: 'COMMANDS_MISSING',
  command: '',
  place: 'commands',
  message: 'The tool has no commands.',
  fix: "Give a list of commands, or a table of paths: { 'deploy rollback': () => import('./deploy/rollback.js') }.",
}
