/** Commands of a compiled tool: entry knows the route table alone; a command costs its own two modules. */
import { type CompiledManifest, type CompiledRoute, explain, partName } from '../contract/compiled.js'
import { contractDigest, contractOf } from '../contract/projection.js'
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
  const routes = new Map<string, CompiledRoute>(Object.entries(manifest.routes))
  const modules = new Map(loaders.map(({ path, load }) => [path, load]))
  for (const path of new Set([...routes.keys(), ...modules.keys()])) {
    if (!modules.has(path)) throw stale(tool, `${path} was compiled and is no command any more`)
    if (!routes.has(path)) throw stale(tool, `${path} was not there when the manifest was compiled`)
  }
  const describe = async (path: string): Promise<DescribedCommand> => {
    const { builtin } = route(path)
    const entry = (await manifest.command(partName(path))).default
    return {
      contract: entry.contract,
      builtin: builtin === true,
      check_output: async data => explain(entry.check, data),
      check_flag: async (flag, value) => {
        const check = entry.flag_checks[flag]
        return check ? explain(check, value, `--${flag}`) : []
      },
    }
  }
  const route = (path: string): CompiledRoute => {
    const found = routes.get(path)
    if (!found)
      throw new FrameworkExit('GENERAL_ERROR', 'MANIFEST_STALE', `${path} is not in the compiled manifest`)
    return found
  }
  return {
    tool,
    compiled: true,
    paths: [...routes.keys()],
    aliases: new Map(
      [...routes].flatMap(([path, { aliases }]) => (aliases ?? []).map(alias => [alias, path] as const)),
    ),
    warnings: [],
    describe,
    async load(path) {
      const command = await loaded(path, modules.get(path))
      if (contractDigest(contractOf(command)) !== route(path).digest)
        throw stale(tool, `${path} is not what was compiled`)
      return command
    },
    async registry(): Promise<Registry> {
      const described = await Promise.all(
        [...routes.keys()].map(async path => [path, await describe(path)] as const),
      )
      return { tool, commands: new Map(described) }
    },
    etag: async () => manifest.etag,
    response_json: async () => (await manifest.response()).default,
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
