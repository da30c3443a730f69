/** Commands of a tool without a compiled manifest: every module is imported and every rule runs, at every start. */
import { candidateOf, checkContracts } from '../contract/check.js'
import type { JsonSchema } from '../contract/json-schema.js'
import { compileOutputCheck, type OutputCheck } from '../contract/output-check.js'
import { contractOf } from '../contract/projection.js'
import { RegistrationError } from '../contract/registration-error.js'
import type { Registry, ToolIdentity } from '../contract/registry.js'
import type { Violation } from '../contract/violation.js'
import type { Command } from './command.js'
import { type CommandLoader, type CommandSource, type DescribedCommand, shownRegistry } from './source.js'
import { withoutTrace } from './thrown.js'

/** One command as its module gave it, and where it came from. */
interface Loaded extends Omit<CommandLoader, 'load'> {
  readonly command: Command
  readonly builtin: boolean
}

/**
 * Imports and checks all commands.
 * @throws RegistrationError with every violation of every command
 */
export async function developmentSource(
  tool: ToolIdentity,
  authors: readonly CommandLoader[],
  builtins: readonly CommandLoader[],
): Promise<CommandSource> {
  const unloadable: Violation[] = []
  const loadAll = async (commands: readonly CommandLoader[], builtin: boolean): Promise<Loaded[]> => {
    const loaded = await Promise.all(
      commands.map(async ({ load, ...from }) => {
        try {
          return [{ ...from, command: await load(), builtin }]
        } catch (error) {
          unloadable.push(notLoaded(from.path, error))
          return []
        }
      }),
    )
    return loaded.flat()
  }
  const own = await loadAll(authors, false)
  // A tool's own command takes the place of a built-in of the same name (contract B-16).
  const replaced = new Set(authors.map(({ path }) => path))
  const mounted = (await loadAll(builtins, true)).filter(({ path }) => !replaced.has(path))
  const all = [...own, ...mounted]
  const { violations, warnings } = await checkContracts(
    tool,
    all.map(({ path, routed, command, builtin }) => candidateOf(command, builtin, routed ? path : undefined)),
  )
  if (unloadable.length > 0 || violations.length > 0)
    throw new RegistrationError([...unloadable, ...violations])
  return source(tool, all, warnings)
}

const notLoaded = (path: string, error: unknown): Violation => ({
  code: 'COMMAND_NOT_LOADED',
  command: path,
  place: '',
  message: `Its module cannot be loaded: ${withoutTrace(error)}.`,
  fix: 'Make the import of the route work; its value is a function: () => import(…).',
})

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
        return schema ? (await compileOutputCheck(schema))(value, `--${flag}`) : []
      },
    }
  }
  const registry = async (): Promise<Registry> => ({
    tool,
    commands: new Map([...commands.keys()].map(path => [path, describe(path)])),
  })
  const response = async () => {
    const { manifestResponse } = await import('../../manifest/response.js')
    return manifestResponse(shownRegistry(await registry()))
  }
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
    etag: async () => (await response()).etag,
    response_json: async () => JSON.stringify(await response()),
  }
}

function checkOnce(schema: JsonSchema): (data: unknown) => Promise<readonly string[]> {
  let check: Promise<OutputCheck> | null = null
  return async data => {
    check ??= compileOutputCheck(schema)
    return (await check)(data)
  }
}
