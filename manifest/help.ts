/** Help for people, rendered by yargs from the contracts; yargs is loaded here and nowhere else. */
import type { Argv } from 'yargs'
import type { CommandContract } from '../framework/contract/declaration.js'
import { globalFlags } from '../framework/contract/global-flags.js'
import type { RegisteredCommand, Registry } from '../framework/contract/registry.js'
import { effectiveExitCodes } from './exit-code-entries.js'
import { positionalPlace, YARGS_PARSING, yargsOption, yargsPositional } from './yargs-options.js'

export interface HelpRequest {
  /** The command; null for the tool or a group. */
  readonly path: string | null
  /** The words that begin paths, such as `session`; empty for the whole tool. */
  readonly group: string
  /** Columns of the terminal; 0 where there is none, and then the width is fixed. */
  readonly width: number
}

const FIXED_WIDTH = 80
const WIDEST = 110

/** @returns the help text, ending with a line feed, without colour */
export async function renderHelp(registry: Registry, { path, group, width }: HelpRequest): Promise<string> {
  const { default: yargs } = await import('yargs')
  const blank = yargs([])
    .locale('en')
    .exitProcess(false)
    .help(false)
    .version(false)
    .parserConfiguration(YARGS_PARSING)
    .wrap(width === 0 ? FIXED_WIDTH : Math.min(width, WIDEST))
  // Types stand in our own words. The switch is missing in yargs' published types.
  if ('usageConfiguration' in blank && typeof blank.usageConfiguration === 'function')
    blank.usageConfiguration({ 'hide-types': true })
  const command = path === null ? undefined : registry.commands.get(path)
  const filled = command ? commandHelp(blank, registry, command) : treeHelp(blank, registry, group)
  return `${(await filled.getHelp()).trimEnd()}\n`
}

function treeHelp(page: Argv, registry: Registry, group: string): Argv {
  const { name, description } = registry.tool
  const prefix = group === '' ? '' : `${group} `
  const below = [...registry.commands.values()].filter(({ contract }) => contract.name.startsWith(prefix))
  // The tool's own commands come first: they are what it is for.
  const ordered = below.toSorted(
    (a, b) => Number(a.builtin) - Number(b.builtin) || (a.contract.name < b.contract.name ? -1 : 1),
  )
  page.scriptName(name).usage(`$0 ${prefix}<command> [options]\n\n${description}`)
  for (const { contract } of ordered)
    page.command(usageOf(contract), contract.description, {}, () => undefined)
  return withGlobals(page, registry).epilogue(
    `${name} ${prefix}<command> --help tells more of one; ${name} manifest tells all to a program.`,
  )
}

function commandHelp(page: Argv, registry: Registry, command: RegisteredCommand): Argv {
  const { name, description, flags, positionals = [], examples = [] } = command.contract
  page.scriptName(`${registry.tool.name} ${name}`)
  return page.command(['$0', ...positionals.map(positionalPlace)].join(' '), description, own => {
    for (const positional of positionals) own.positional(positional.name, yargsPositional(positional))
    for (const [flag, declaration] of Object.entries(flags)) own.option(flag, yargsOption(declaration))
    own.group(Object.keys(flags), 'Options:')
    for (const example of examples) own.example(example.command, example.description)
    return withGlobals(own, registry).epilogue(facts(registry, command))
  })
}

function withGlobals(page: Argv, { tool }: Registry): Argv {
  const globals = globalFlags(tool.prefix)
  for (const [name, flag] of Object.entries(globals)) page.option(name, yargsOption(flag))
  return page.group(Object.keys(globals), 'Global options:')
}

/** `show <run>`: a command as a list shows it. */
function usageOf({ name, positionals = [] }: CommandContract): string {
  return [name, ...positionals.map(positionalPlace)].join(' ')
}

/** What options do not tell: how dangerous it is, what it leaves running, how it ends. */
function facts({ tool }: Registry, { contract }: RegisteredCommand): string {
  const lines: string[] = []
  if (contract.aliases?.length) lines.push(`Also called: ${contract.aliases.join(', ')}`)
  if (contract.danger_level !== 'safe') lines.push(`Danger level: ${contract.danger_level}`)
  if (contract.spawns_background_process === true)
    lines.push(
      `Leaves a background process, for at most ${contract.max_lifetime_seconds} s; ended by ${tool.name} ${contract.cleanup_command}`,
    )
  const codes = Object.entries(effectiveExitCodes(contract.exit_codes)).map(
    ([code, { name, description }]) => `  ${code.padStart(3)}  ${name ?? ''}: ${description}`,
  )
  return [...lines, ...(lines.length > 0 ? [''] : []), 'Exit codes:', ...codes].join('\n')
}
