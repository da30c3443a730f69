/** Commands of a compiled tool: entry knows the route table alone; a command costs its compiled contract and its module. */
import { type CompiledCommand, type CompiledManifest, explain } from '../contract/compiled.js'
import { canonicalJson, contractOf } from '../contract/projection.js'
import { readCommand, readResponse } from '../contract/read-compiled.js'
import type { Registry, ToolIdentity } from '../contract/registry.js'
import type { Command } from './command.js'
import { FrameworkExit } from './framework-exit.js'
import type { CommandLoader, CommandSource, DescribedCommand, LoadCommand } from './source.js'
import { withoutTrace } from './thrown.js'

/**
 * @param loaders all commands, a later one in place of an earlier one of the same path
 * @throws FrameworkExit `MANIFEST_STALE` where they are not the ones that were compiled
 */
export function compiledSource(
  tool: ToolIdentity,
  manifest: CompiledManifest,
  loaders: readonly CommandLoader[],
): CommandSource {
  const { routes } = manifest
  const paths = Object.keys(routes)
  const modules = new Map<string, LoadCommand>()
  for (const { path, load } of loaders) {
    if (!Object.hasOwn(routes, path))
      throw stale(tool, `${path} was not there when the manifest was compiled`)
    modules.set(path, load)
  }
  const aliases = new Map<string, string>()
  for (const path of paths) {
    if (!modules.has(path)) throw stale(tool, `${path} was compiled and is no command any more`)
    for (const alias of routes[path]?.aliases ?? []) aliases.set(alias, path)
  }
  const describe = async (path: string): Promise<DescribedCommand> => {
    const entry = command(path)
    return {
      contract: entry.contract,
      builtin: routes[path]?.builtin === true,
      check_output: async data => explain(entry.check, data),
      check_flag: async (flag, value) => {
        const check = entry.flag_checks[flag]
        return check ? explain(check, value, `--${flag}`) : []
      },
    }
  }
  const part = <Part>(fault: string, read: () => Part): Part => {
    try {
      return read()
    } catch {
      throw stale(tool, `of the compiled manifest, ${fault}`)
    }
  }
  const commands = new Map<string, CompiledCommand>()
  const command = (path: string): CompiledCommand => {
    const known = commands.get(path)
    if (known) return known
    if (!Object.hasOwn(routes, path))
      throw new FrameworkExit('GENERAL_ERROR', 'MANIFEST_STALE', `${path} is not in the compiled manifest`)
    const read = part(`${path} is not whole`, () => readCommand(manifest, path))
    commands.set(path, read)
    return read
  }
  return {
    tool,
    compiled: true,
    paths,
    aliases,
    warnings: [],
    describe,
    async load(path) {
      const module = await loaded(path, modules.get(path))
      // The texts, and not digests of them: computing those takes longer than everything else of a check.
      if (canonicalJson(contractOf(module)) !== canonicalJson(command(path).contract))
        throw stale(tool, `${path} is not what was compiled`)
      return module
    },
    async registry(): Promise<Registry> {
      const described = await Promise.all(paths.map(async path => [path, await describe(path)] as const))
      return { tool, commands: new Map(described) }
    },
    etag: async () => manifest.etag,
    response_json: async () => part('its answer to `manifest` is not there', () => readResponse(manifest)),
  }
}

async function loaded(path: string, load: LoadCommand | undefined): Promise<Command> {
  let reason = 'it is no command'
  try {
    const command: Command | undefined = await load?.()
    if (typeof command === 'object' && command !== null && typeof command.execute === 'function')
      return command
  } catch (error) {
    reason = withoutTrace(error)
  }
  throw new FrameworkExit(
    'GENERAL_ERROR',
    'COMMAND_NOT_LOADED',
    `the module of ${path} cannot be used: ${reason}`,
    {
      fix_required: 'install the tool again; its author: run the build and its tests before it is published',
    },
  )
}

/** The answer to a compiled manifest that does not belong to the code beside it. */
export const stale = (tool: ToolIdentity, message: string): FrameworkExit =>
  new FrameworkExit('GENERAL_ERROR', 'MANIFEST_STALE', message, {
    fix_required:
      'write the manifest again after every change of a contract and every upgrade of the framework',
    fix_command: `${tool.name} manifest --write`,
  })
