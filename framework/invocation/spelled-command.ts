/** How this tool is called from a shell, so that a command line of an answer runs as it stands (contract A-09). */
import { accessSync, constants, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { ToolIdentity } from '../contract/registry.js'
import type { CallFacts } from './call-facts.js'
import type { Io } from './io.js'
import type { Outcome } from './outcome.js'

/**
 * @returns the tool's name where the caller's PATH leads from it to the entry that runs now; else the entry itself,
 *   with Node before it where it cannot be executed
 */
function spelledTool({ name }: ToolIdentity, { entry, env }: Pick<Io, 'entry' | 'env'>): string {
  if (entry === null || firstOnPath(name, env['PATH'] ?? '') === entry) return name
  return isExecutable(entry) ? shellWord(entry) : `${shellWord(process.execPath)} ${shellWord(entry)}`
}

/** A command line of this tool, by its name, spelled so that the caller's shell finds the tool; any other as it is. */
export const spelled = (
  { tool, io }: { readonly tool: ToolIdentity; readonly io: Io },
  line: string,
): string => (line.startsWith(`${tool.name} `) ? spelledTool(tool, io) + line.slice(tool.name.length) : line)

function firstOnPath(name: string, path: string): string | null {
  const found = path
    .split(delimiter)
    .filter(directory => directory !== '')
    .map(directory => join(directory, name))
    .find(isExecutable)
  return found === undefined ? null : realpathSync(found)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** One word of a POSIX shell, quoted where it needs to be. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9_/.:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** A fix of this tool's own runs as it stands in the caller's shell (contract A-09). */
export function runnableFix(outcome: Outcome, request: Pick<CallFacts, 'tool' | 'io'>): Outcome {
  const { error } = outcome
  if (error?.fix_command === undefined) return outcome
  return { ...outcome, error: { ...error, fix_command: spelled(request, error.fix_command) } }
}
