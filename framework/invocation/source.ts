/** Where an invocation gets its commands from: one interface over development (all loaded and checked) and a compiled manifest. */
import type { ManifestResponse } from '../../schemas/generated/types.js'
import type { CommandContract } from '../contract/declaration.js'
import type { Registry, ToolIdentity } from '../contract/registry.js'
import type { Violation } from '../contract/violation.js'
import type { Command } from './command.js'

/** What is known of a command without loading its module. */
export interface DescribedCommand {
  readonly contract: CommandContract
  readonly builtin: boolean
  /** What does not fit the declared output schema, as sentences. */
  check_output(data: unknown): Promise<readonly string[]>
  /** What does not fit the own schema of an `object` or `array` flag. */
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
  response(): Promise<ManifestResponse>
}

/** Commands as an author gives them: in a list, or as modules that are loaded when called. */
export type CommandModule = { readonly default: Command }
export type CommandRoutes = Readonly<Record<string, () => Promise<CommandModule>>>
export type Commands = readonly Command[] | CommandRoutes

/** Loads the module of one path. */
export type LoadCommand = () => Promise<Command>

/** @returns a loader by route key; a list is keyed by the commands' own names, and its loaders wait for nothing */
export function loaders(commands: Commands): ReadonlyMap<string, LoadCommand> {
  if (isList(commands)) return new Map(commands.map(command => [command.name, async () => command]))
  return new Map(Object.entries(commands).map(([path, load]) => [path, async () => (await load()).default]))
}

const isList = (commands: Commands): commands is readonly Command[] => Array.isArray(commands)
