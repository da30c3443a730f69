/** `run --runtime background|bg|tmux` is another spelling of `start`; so is `run -t` of a template that says so. */
import { GLOBAL_OPTIONS_WITH_VALUE } from '../../framework/author.js'

/** What `run` calls the runtimes of `start`. */
const RUNTIMES: Readonly<Record<string, string>> = {
  background: 'background',
  bg: 'background',
  tmux: 'tmux',
}

/** What of a command line can change how it is spelled. */
const DECIDES = /^(?:--runtime|--template|-t)(?:=|$)/

/**
 * @param argv of the tool, without Node and the script
 * @param runtimeOf what a template says; undefined where it says nothing, or cannot be used, which `run` then reports
 * @returns the same line, spelled as `start`, where it asks for another runtime than the foreground
 */
export async function runAsStart(
  argv: readonly string[],
  runtimeOf: (template: string) => Promise<string | undefined>,
): Promise<readonly string[]> {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv
  // Nearly every call ends here, and loads neither command.
  if (!own.includes('run') || !own.some(word => DECIDES.test(word))) return argv
  const with_value = await optionsWithValue()
  const spelled = [...argv]
  let command: number | null = null
  let runtime: string | null = null
  let template: string | null = null
  for (let index = 0; index < own.length; index += 1) {
    const word = own[index] ?? ''
    if (!word.startsWith('-')) {
      // The second word is the program's: all after it is the program's, too.
      if (command !== null) break
      command = index
      continue
    }
    const equals = word.indexOf('=')
    const option = equals === -1 ? word : word.slice(0, equals)
    if (equals === -1) {
      if (!with_value.has(option)) continue
      index += 1
    }
    const value = equals === -1 ? (own[index] ?? '') : word.slice(equals + 1)
    if (option === '--template' || option === '-t') template = value
    if (option !== '--runtime') continue
    runtime = value
    spelled[index] = word.slice(0, equals + 1) + (RUNTIMES[value] ?? value)
  }
  if (command === null || own[command] !== 'run') return argv
  // What is given wins over what was prepared.
  const asked = runtime ?? (template === null ? undefined : await runtimeOf(template))
  if (asked === undefined || !Object.hasOwn(RUNTIMES, asked)) return argv
  spelled[command] = 'start'
  return spelled
}

/** The options of both commands, and of every one, that take the next word. */
async function optionsWithValue(): Promise<ReadonlySet<string>> {
  const commands = await Promise.all([import('./run.js'), import('./start.js')])
  const with_value = new Set<string>(GLOBAL_OPTIONS_WITH_VALUE.map(name => `--${name}`))
  const flags = commands.flatMap(({ default: command }) => Object.entries(command.flags))
  for (const [name, { type, short }] of flags) {
    if (type === 'boolean') continue
    with_value.add(`--${name}`)
    if (short !== undefined) with_value.add(`-${short}`)
  }
  return with_value
}
