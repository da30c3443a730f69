/** What a tool is made of, and how its commands are opened: from a compiled manifest, or by loading and checking all. */
import type { CompiledManifest } from '../contract/compiled.js'
import { isManifest, readManifest } from '../contract/read-compiled.js'
import { environmentPrefix, type ToolIdentity } from '../contract/registry.js'
import { errnoOf } from '../process/errno.js'
import type { Command } from './command.js'
import { compiledSource, stale } from './compiled-source.js'
import type { ManifestTarget } from './internals.js'
import { type CommandLoader, type CommandSource, type Commands, type LoadCommand, loaders } from './source.js'

export interface ToolDefinition {
  /** Lower case, digits and hyphens; also what its executable is called. */
  readonly name: string
  /** Semantic version. */
  readonly version: string
  readonly description: string
  /** A list, or a route table whose modules are loaded when called. */
  readonly commands: Commands
  /**
   * The compiled manifest, or where it lies once `<tool> manifest --write` wrote it:
   * `new URL('./<tool>.manifest.js', import.meta.url)`. While it is not there the tool runs in development mode.
   */
  readonly manifest?: CompiledManifest | URL
}

export interface ToolOptions {
  /** What the framework mounts into every tool. */
  readonly builtins: ReadonlyMap<string, LoadCommand>
  readonly framework_version: string
  /** Fails calls that leave undeclared processes behind. */
  readonly strict?: boolean
}

/** The definition's identity. */
export const toolIdentity = ({ name, version, description }: ToolDefinition): ToolIdentity => ({
  name,
  version,
  description,
  prefix: environmentPrefix(String(name)),
})

/**
 * Opens the commands of a definition: from its compiled manifest where there is one, else by loading and checking all.
 * @throws RegistrationError in development; FrameworkExit `MANIFEST_STALE` where the manifest is of another version
 */
export async function openSource(
  definition: ToolDefinition,
  options: ToolOptions,
  compile = false,
): Promise<CommandSource> {
  const tool = toolIdentity(definition)
  const authors = loaders(definition.commands)
  const builtins = [...options.builtins].map(
    ([path, load]): CommandLoader => ({
      path,
      routed: true,
      load: async () => named(await load(), tool.name),
    }),
  )
  const manifest = compile ? null : compiledManifest(definition, tool)
  if (manifest) {
    const { name, version } = manifest.tool
    if (manifest.framework_version !== options.framework_version)
      throw stale(tool, 'the compiled manifest belongs to another version of the framework')
    if (name !== tool.name || version !== tool.version)
      throw stale(tool, `the compiled manifest belongs to ${name} ${version}`)
    return compiledSource(tool, manifest, [...builtins, ...authors])
  }
  const { developmentSource } = await import('./development-source.js')
  return developmentSource(tool, authors, builtins)
}

/** A built-in command as this tool has it: its examples are command lines of the tool, which must have a name. */
const named = (command: Command, tool_name: unknown): Command => ({
  ...command,
  examples: (typeof tool_name === 'string' ? (command.examples ?? []) : []).map(
    ({ description, command: line }) => ({
      description,
      command: line.replace('{tool}', String(tool_name)),
    }),
  ),
})

/** Where `manifest --write` writes: where the definition reads it, else beside the entry. */
export function manifestTarget({ name, manifest }: ToolDefinition, entry: URL | null): ManifestTarget | null {
  if (manifest instanceof URL) return { url: manifest, is_read: true }
  return entry ? { url: new URL(`./${name}.manifest.js`, entry), is_read: manifest !== undefined } : null
}

function compiledManifest({ manifest }: ToolDefinition, tool: ToolIdentity): CompiledManifest | null {
  if (manifest === undefined) return null
  if (!(manifest instanceof URL)) {
    if (isManifest(manifest)) return manifest
    throw stale(tool, 'what is given as the compiled manifest is none of this framework')
  }
  try {
    const read = readManifest(manifest)
    if (read) return read
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    // Half copied, or edited: whatever it is, writing it again mends it.
  }
  throw stale(tool, `${manifest.pathname} is no compiled manifest of this framework`)
}
