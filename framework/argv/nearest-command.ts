/** What was probably meant by a command line that names no command: whole invocations, held to the contracts at hand. */
import { formatCommandLine } from './command-line.js'
import { exampleOrHelp, pathWords } from './correction.js'
import { type FlagLookup, flagLookup } from './flag-lookup.js'
import { parseArguments } from './parse.js'
import { quoted } from './quoted.js'
import type { ResolveRequest, UnknownCommand } from './resolution.js'
import { isSecretName } from './secret-names.js'
import { nearest, remoteness } from './suggest.js'

/** What there is to say about a command line that names no command. */
export interface UnknownExplained {
  /** A sentence for `error.message`. */
  readonly message: string
  /** Whole command lines, the nearest first; never empty. */
  readonly suggestions: readonly string[]
}

/** @param request what was resolved; with the contracts at hand the suggestions are held to them */
export function explainUnknown(request: ResolveRequest, { fault, words }: UnknownCommand): UnknownExplained {
  const names = [...request.paths, ...request.aliases.keys()]
  if ('stray' in fault) {
    const lookup = flagLookup({}, request.globals)
    return {
      message: `${quoted(words.join(' '))} is no global option, and options of a command come after its name`,
      suggestions: [commandBehind(request, names, lookup, fault.stray)],
    }
  }
  const group = fault.group.map(index => request.argv[index] ?? '')
  const shown = words.slice(0, group.length + 1).join(' ')
  return {
    message: `${quoted(shown)} is not a command of ${request.tool}`,
    suggestions: commandsMeant(request, names, fault.written, group),
  }
}

/** Asked for, these are answered whatever else is wrong with the line (REQ-F-068). */
const PURE = ['help', 'version', 'schema', 'print-schema', 'output-schema']

/**
 * Invocations of the commands that are nearest to the words, at most three.
 * @param written where the words stand in argv
 * @param group the leading ones that do begin a path
 */
function commandsMeant(
  request: ResolveRequest,
  names: readonly string[],
  written: readonly number[],
  group: readonly string[],
): string[] {
  const { tool, argv, aliases } = request
  const words = written.map(index => argv[index] ?? '')
  const asked = words.slice(1).join(' ')
  if (words[0] === 'help' && names.some(name => `${name} `.startsWith(asked === '' ? asked : `${asked} `)))
    return [formatCommandLine([tool, ...words.slice(1), '--help'])]

  const near = names.flatMap(name => {
    const meant = likeness(words, name)
    return meant === null ? [] : [{ name, ...meant }]
  })
  near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
  const lines = near.map(({ name, length }) => {
    const used = written.slice(0, length)
    const rest = argv.filter((_, index) => !used.includes(index))
    return invocation(request, aliases.get(name) ?? name, rest)
  })
  if (lines.length === 0)
    lines.push(formatCommandLine([tool, ...group, ...nextWord(words, names, group), '--help']))
  return [...new Set(lines)].slice(0, 3)
}

/** `session` for `sesion`: what comes nearest in the place of the first word that nobody knows. */
function nextWord(words: readonly string[], names: readonly string[], group: readonly string[]): string[] {
  const inside = names.map(pathWords).filter(name => group.every((word, index) => name[index] === word))
  return nearest(
    words[group.length] ?? '',
    inside.map(name => name[group.length] ?? ''),
    1,
  )
}

/** How far the words are from a command's name, and how many of them stand for it; null where it was not meant. */
function likeness(words: readonly string[], name: string): { distance: number; length: number } | null {
  const real = pathWords(name)
  const distances = real.map((word, index) => remoteness(words[index] ?? '', word))
  if (!distances.includes(null)) {
    // The mean, so that a name which accounts for more words is not the worse for it.
    const sum = distances.reduce<number>((total, distance) => total + (distance ?? 0), 0)
    return { distance: sum / real.length, length: real.length }
  }
  // `start watcher` for `start-watcher`, and the other way round.
  for (let length = 1; length <= Math.min(words.length, real.length + 2); length++)
    if (squeezed(words.slice(0, length).join('')) === squeezed(name)) return { distance: 1, length }
  // `list` for `session list`.
  return real.length > 1 && real.at(-1) === words[0] ? { distance: 1, length: 1 } : null
}

function squeezed(text: string): string {
  return text.toLowerCase().replace(/[ _-]/g, '')
}

/** The invocation meant where an option that is no global one stands before the command. */
function commandBehind(
  request: ResolveRequest,
  names: readonly string[],
  lookup: FlagLookup,
  stray: number,
): string {
  const { tool, argv, aliases } = request
  const at = argv.findIndex(
    (token, index) => index > stray && names.some(name => pathWords(name)[0] === token),
  )
  const name = names
    .filter(candidate => pathWords(candidate).every((word, offset) => argv[at + offset] === word))
    .sort((a, b) => b.length - a.length)[0]
  if (at === -1 || name === undefined) return formatCommandLine([tool, '--help'])
  const rest = argv.toSpliced(at, pathWords(name).length)
  const [written = '', ...inline] = (argv[stray] ?? '').split('=')
  const [global] = nearest(written.replace(/^-+/, ''), lookup.long.keys(), 1)
  const mended = global === undefined ? rest : rest.with(stray, [`--${global}`, ...inline].join('='))
  return invocation(request, aliases.get(name) ?? name, mended)
}

/** The path with the rest, where that parses; the path alone; else what the contract itself gives as an example. */
function invocation(request: ResolveRequest, path: string, rest: readonly string[]): string {
  const { tool, globals } = request
  const line = (words: readonly string[]) => formatCommandLine([tool, ...pathWords(path), ...words])
  // A secret among the caller's words is not repeated (REQ-F-034).
  if (rest.some(word => word.startsWith('-') && isSecretName(word))) return line(['--help'])
  const contract = request.contract_of?.(path)
  if (contract === undefined) return line(rest)
  for (const words of [rest, []]) {
    const parsed = parseArguments({ tool, contract, globals, argv: words, env: {}, cwd: '/' })
    if (parsed.errors.length === 0 || PURE.some(name => parsed.globals[name] === true)) return line(words)
  }
  return exampleOrHelp(tool, contract)
}
