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
  contract: Pick<ParseRequest['contract'], 'name' | 'examples' | 'danger_level'>,
): string {
  const examples = contract.danger_level === 'safe' ? (contract.examples ?? []) : []
  const example = examples.find(({ command }) => namesNothing(splitCommandLine(command)))
  return example?.command ?? formatCommandLine([tool, ...pathWords(contract.name), '--help'])
}

/** Whether an example can be read, and names no run and no session: those of an example exist nowhere. */
const namesNothing = (words: readonly string[] | null): boolean =>
  words?.every(word => !MADE_UP.test(word)) === true

/** An option for a session; a run's id, or a prefix of one. */
const MADE_UP = /^(?:--session(?:=.*)?|[0-9a-f]{4,12})$/

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
