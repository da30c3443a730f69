/** Commands of a tool without a compiled manifest: every module is imported and every rule runs, at every start. */
import { checkContracts } from '../contract/check.js'
import type { JsonSchema } from '../contract/json-schema.js'
import { compileOutputCheck, type OutputCheck } from '../contract/output-check.js'
import { contractOf } from '../contract/projection.js'
import { RegistrationError } from '../contract/registration-error.js'
import type { Registry, ToolIdentity } from '../contract/registry.js'
import type { Command } from './command.js'
import type { CommandSource, DescribedCommand, LoadCommand } from './source.js'

/** One command module and where it came from. */
interface Loaded {
  readonly route: string
  readonly command: Command
  readonly builtin: boolean
}

/**
 * Imports and checks all commands.
 * @throws RegistrationError with every violation of every command
 */
export async function developmentSource(
  tool: ToolIdentity,
  authors: ReadonlyMap<string, LoadCommand>,
  builtins: ReadonlyMap<string, LoadCommand>,
): Promise<CommandSource> {
  const load = async (routes: ReadonlyMap<string, LoadCommand>, builtin: boolean): Promise<Loaded[]> =>
    Promise.all([...routes].map(async ([route, module]) => ({ route, command: await module(), builtin })))
  const own = await load(authors, false)
  // A tool's own command takes the place of a built-in of the same name (contract B-16).
  const replaced = new Set(own.map(({ route }) => route))
  const mounted = (await load(builtins, true)).filter(({ route }) => !replaced.has(route))
  const all = [...own, ...mounted]
  const { violations, warnings } = await checkContracts(
    tool,
    all.map(({ route, command, builtin }) => ({
      contract: command,
      builtin,
      route,
      has_execute: typeof command?.execute === 'function',
    })),
  )
  if (violations.length > 0) throw new RegistrationError(violations)
  return source(tool, all, warnings)
}

function source(
  tool: ToolIdentity,
  all: readonly Loaded[],
  warnings: CommandSource['warnings'],
): CommandSource {
  const commands = new Map(
    all.map(loaded => [loaded.command.name, loaded] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  )
  const take = (path: string): Loaded => {
    const loaded = commands.get(path)
    if (!loaded) throw new Error(`no command ${path}`)
    return loaded
  }
  const describe = (path: string): DescribedCommand => {
    const { command, builtin } = take(path)
    const contract = contractOf(command)
    return {
      contract,
      builtin,
      check_output: checkOnce(contract.output_schema),
      check_flag: async (flag, value) => {
        const schema = contract.flags[flag]?.schema
        return schema ? (await compileOutputCheck(schema))(value) : []
      },
    }
  }
  const registry = async (): Promise<Registry> => ({
    tool,
    commands: new Map([...commands.keys()].map(path => [path, describe(path)])),
  })
  return {
    tool,
    compiled: false,
    paths: [...commands.keys()],
    aliases: new Map(
      [...commands].flatMap(([path, { command }]) =>
        (command.aliases ?? []).map(alias => [alias, path] as const),
      ),
    ),
    warnings,
    describe: async path => describe(path),
    load: async path => take(path).command,
    registry,
    async response() {
      const { manifestResponse } = await import('../../manifest/response.js')
      return manifestResponse(await registry())
    },
  }
}

function checkOnce(schema: JsonSchema): (data: unknown) => Promise<readonly string[]> {
  let check: Promise<OutputCheck> | null = null
  return async data => {
    check ??= compileOutputCheck(schema)
    return (await check)(data)
  }
}
