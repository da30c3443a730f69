/** A whole command line that works, offered to who wrote one that does not: repaired, else an example, else the help. */
import { formatCommandLine, splitCommandLine } from './command-line.js'
import type { ArgumentFault, Findings, Repair } from './faults.js'
import type { ParseRequest } from './request.js'
import type { Scan } from './scan.js'
import { isSecretName } from './secret-names.js'

/**
 * Adds to every fault the nearest invocation that parses.
 * @param parses whether an argv, without the words of the path, parses without fault
 */
export function withSuggestions(
  request: ParseRequest,
  found: Scan,
  findings: Findings,
  parses: (argv: readonly string[]) => boolean,
): ArgumentFault[] {
  const suggestion =
    repaired(request, found, findings.repairs, parses) ?? exampleOrHelp(request.tool, request.contract)
  return findings.faults.map(fault => ({ ...fault, suggestion }))
}

/**
 * The first example of a command that changes nothing, which registration has parsed; else its help. What an example
 * names is made up: an agent runs a suggestion as it stands, so it must do no harm.
 */
export function exampleOrHelp(
  tool: string,
  contract: Pick<ParseRequest['contract'], 'name' | 'examples' | 'danger_level' | 'positionals'>,
): string {
  const example = isHarmless(contract)
    ? contract.examples?.find(({ command }) => splitCommandLine(command) !== null)
    : undefined
  return example?.command ?? formatCommandLine([tool, ...pathWords(contract.name), '--help'])
}

/** Positionals are mostly names of things; those of an example exist nowhere. */
const isHarmless = ({ danger_level, positionals }: Parameters<typeof exampleOrHelp>[1]): boolean =>
  danger_level === 'safe' && (positionals === undefined || positionals.length === 0)

/** The words of a command's path; none for the tool itself. */
export function pathWords(name: string): string[] {
  return name === '' ? [] : name.split(' ')
}

function repaired(
  { tool, contract, argv }: ParseRequest,
  found: Scan,
  repairs: readonly Repair[],
  parses: (argv: readonly string[]) => boolean,
): string | null {
  // A repaired line repeats the caller's own words, and with them a secret that stands among them (REQ-F-034).
  if (repairs.length === 0 || holdsSecret(found, repairs)) return null
  const words = [...argv]
  for (const { index, size, instead } of repairs.toSorted((a, b) => b.index - a.index))
    words.splice(index, size, ...instead)
  return parses(words) ? formatCommandLine([tool, ...pathWords(contract.name), ...words]) : null
}

function holdsSecret(found: Scan, repairs: readonly Repair[]): boolean {
  return (
    [...found.given.keys()].some(flag => isSecretName(flag.name)) ||
    found.unknown.some(option => isSecretName(option.written)) ||
    repairs.some(repair => isSecretName(repair.instead[0] ?? ''))
  )
}
