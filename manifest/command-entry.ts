/** One command as the manifest shows it: a projection of its contract, of documented keys only. */
import type { RegisteredCommand, Registry } from '../framework/contract/registry.js'
import type { CommandEntry } from '../schemas/generated/types.js'
import { ownExitCodes } from './exit-code-entries.js'
import { flagMap, positionalEntry } from './flag-entries.js'
import { answeredSchema } from './output-schema.js'

/** The key of a command's path on the wire: `deploy.rollback`. */
export function dotPath(path: string): string {
  return path.replaceAll(' ', '.')
}

/** The entry of one command. */
export function commandEntry({ contract, builtin }: RegisteredCommand, registry: Registry): CommandEntry {
  const { name, positionals, aliases, examples, cleanup_command } = contract
  const subcommands = childrenOf(name, registry)
  return {
    description: contract.description,
    danger_level: contract.danger_level,
    required_scopes: contract.required_scopes,
    flags: flagMap(contract.flags),
    ...(positionals?.length ? { positionals: positionals.map(positionalEntry) } : {}),
    exit_codes: ownExitCodes(contract.exit_codes),
    output_schema: answeredSchema(contract),
    ...(aliases?.length ? { aliases } : {}),
    ...(examples?.length
      ? { examples: examples.map(({ description, command }) => ({ description, command })) }
      : {}),
    ...(subcommands.length > 0 ? { subcommands } : {}),
    ...(builtin ? { builtin } : {}),
    ...given('idempotent', contract.idempotent),
    ...given('interactive', contract.interactive),
    ...given('option_placement', contract.option_placement),
    ...given('platform', contract.platform),
    ...given('filesystem_side_effects', contract.filesystem_side_effects),
    ...given('spawns_background_process', contract.spawns_background_process),
    ...(cleanup_command === undefined ? {} : { cleanup_command: `${registry.tool.name} ${cleanup_command}` }),
    ...given('max_lifetime_seconds', contract.max_lifetime_seconds),
  }
}

function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const member: { [P in K]?: V } = {}
  if (value !== undefined) member[key] = value
  return member
}

/** Dot paths of the commands directly below. */
function childrenOf(name: string, registry: Registry): string[] {
  const prefix = `${name} `
  return [...registry.commands.keys()]
    .filter(path => path.startsWith(prefix) && !path.slice(prefix.length).includes(' '))
    .map(dotPath)
    .sort()
}
