/**
 * An agent that knows nothing of a tool but its manifest: builds a call of every command, and one more for each flag
 * whose values the manifest tells.
 */

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
}

interface Flag {
  readonly type: string
  readonly description: string
  readonly required: boolean
  readonly short?: string
  readonly enum_values?: readonly (string | number)[]
  readonly pattern?: string
  readonly pattern_type?: string
  readonly schema?: Schema
}

interface Positional {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly enum_values?: readonly string[]
}

interface Command {
  readonly danger_level: string
  readonly flags: Readonly<Record<string, Flag>>
  readonly positionals?: readonly Positional[]
  readonly examples?: readonly { readonly command: string }[]
}

interface Manifest {
  readonly flags: Readonly<Record<string, Flag>>
  readonly commands: Readonly<Record<string, Command>>
}

export interface AgentCall {
  readonly path: string
  readonly argv: readonly string[]
}

/** @param directory what the agent gives where a path is asked for */
export function agentCalls(tool: string, { flags, commands }: Manifest, directory: string): AgentCall[] {
  return Object.entries(commands).flatMap(([path, command]) => {
    const words = path.split('.')
    const positionals = positionalsOf([tool, ...words].join(' '), command, flags)
    const extras = Object.entries(command.flags).filter(([, flag]) => !flag.required && isTold(flag))
    return [null, ...extras.map(([name]) => name)].map(extra => ({
      path,
      argv: [
        ...words,
        ...flagsOf(command, directory, extra),
        ...(positionals.length > 0 ? ['--', ...positionals] : []),
      ],
    }))
  })
}

/** What is required, what confirms, and one more; the order is the spec's: path, local flags, `--`, positionals. */
function flagsOf(command: Command, directory: string, extra: string | null): string[] {
  return Object.entries(command.flags).flatMap(([name, flag]) => {
    const confirms = name === 'confirm-destructive' && extra !== 'dry-run'
    const answers = name === 'yes'
    return flag.required || name === extra || confirms || answers ? given(name, flag, directory) : []
  })
}

/** Whether the manifest tells what a value looks like, so that one can be made up. */
const isTold = ({ type, pattern, pattern_type }: Flag): boolean =>
  type !== 'string' || pattern !== undefined || pattern_type !== undefined

function given(name: string, flag: Flag, directory: string): string[] {
  if (flag.type === 'boolean') return [`--${name}`]
  return [`--${name}`, valueFor(flag, directory)]
}

function valueFor(flag: Flag, directory: string): string {
  const { type, description, enum_values, pattern, pattern_type, schema } = flag
  // An agent reads: what a description begins with is the form of the value.
  const [form] = /^[A-Z]+=[A-Z]+(?= )/.exec(description) ?? []
  if (form !== undefined) return form
  if (enum_values) return String(enum_values[0])
  if (type === 'integer') return '3'
  if (type === 'number') return '2.5'
  if (type === 'object') return JSON.stringify(instanceOf(schema ?? { type: 'object' }))
  if (type === 'array') return String(instanceOf(schema ?? { type: 'string' }))
  if (pattern_type === 'filepath') return directory
  if (pattern_type === 'uuid') return '123e4567-e89b-42d3-a456-426614174000'
  if (pattern_type === 'semver') return '1.2.3'
  if (pattern_type === 'url') return 'https://example.com/'
  if (pattern_type === 'alphanumeric_id') return 'abc123'
  return pattern === undefined ? 'text' : textOf(pattern)
}

function instanceOf({ type, properties = {}, required = [] }: Schema): unknown {
  if (type === 'integer' || type === 'number') return 1
  if (type === 'boolean') return true
  if (type === 'array') return []
  if (type !== 'object') return 'text'
  return Object.fromEntries(required.map(name => [name, instanceOf(properties[name] ?? {})]))
}

/** By type where that tells enough; else as an example of the command has it. */
function positionalsOf(
  prefix: string,
  { flags, positionals = [], examples = [] }: Command,
  globals: Manifest['flags'],
): string[] {
  const telling = positionals.every(({ type, enum_values }) => type !== 'string' || enum_values)
  if (telling)
    return positionals.filter(({ required }) => required).map(({ enum_values }) => enum_values?.[0] ?? '3')
  const example = examples.map(({ command }) => command).find(line => line.startsWith(`${prefix} `))
  return wordsOf(example?.slice(prefix.length + 1).split(' ') ?? [], { ...globals, ...flags })
}

/** The words of a line that are no options and no values of options. */
function wordsOf([first, ...rest]: readonly string[], flags: Readonly<Record<string, Flag>>): string[] {
  if (first === undefined) return []
  if (first === '--') return rest
  if (!first.startsWith('-')) return [first, ...wordsOf(rest, flags)]
  const name = first.replace(/^-+/, '')
  const flag = flags[name] ?? Object.values(flags).find(({ short }) => short === name)
  return wordsOf(flag && flag.type !== 'boolean' ? rest.slice(1) : rest, flags)
}

/** A text that a simple regular expression matches: literals, classes, groups with choices, quantifiers. */
function textOf(pattern: string): string {
  let at = 0
  const alternatives = (): string => {
    const choices = [sequence()]
    while (pattern[at] === '|') {
      at += 1
      choices.push(sequence())
    }
    return choices[0] ?? ''
  }
  const sequence = (): string => {
    let text = ''
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') text += repeated(atom())
    return text
  }
  const atom = (): string => {
    const character = pattern[at++] ?? ''
    if (character === '^' || character === '$') return ''
    if (character === '\\') return pattern[at++] === 'd' ? '0' : (pattern[at - 1] ?? '')
    if (character === '[') {
      const end = pattern.indexOf(']', at)
      const first = pattern[at] ?? ''
      at = end + 1
      return first
    }
    if (character !== '(') return character
    if (pattern.startsWith('?:', at)) at += 2
    const text = alternatives()
    at += 1
    return text
  }
  const repeated = (text: string): string => {
    const character = pattern[at]
    if (character === '*' || character === '?') {
      at += 1
      return ''
    }
    if (character === '+') {
      at += 1
      return text
    }
    const counted = /^\{(\d+)(,\d*)?\}/.exec(pattern.slice(at))
    if (!counted) return text
    at += counted[0].length
    return text.repeat(Number(counted[1]))
  }
  const text = alternatives()
  if (!new RegExp(pattern).test(text)) throw new Error(`made ${text} for ${pattern}`)
  return text
}
