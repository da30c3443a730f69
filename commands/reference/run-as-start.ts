/** `run --runtime background|bg|tmux` is another spelling of `start --runtime background|tmux`. */
import { GLOBAL_OPTIONS_WITH_VALUE } from '../../framework/author.js'

/** What `run` calls the runtimes of `start`. */
const RUNTIMES: Readonly<Record<string, string>> = {
  background: 'background',
  bg: 'background',
  tmux: 'tmux',
}

/**
 * @param argv of the tool, without Node and the script
 * @returns the same line, spelled as `start`, where it asks for another runtime than the foreground
 */
export async function runAsStart(argv: readonly string[]): Promise<readonly string[]> {
  if (!argv.some(word => /^--runtime(?:=|$)/.test(word))) return argv
  const commands = await Promise.all([import('./run.js'), import('./start.js')])
  const with_value = new Set<string>(GLOBAL_OPTIONS_WITH_VALUE.map(name => `--${name}`))
  const flags = commands.flatMap(({ default: command }) => Object.entries(command.flags))
  for (const [name, { type, short }] of flags) {
    if (type === 'boolean') continue
    with_value.add(`--${name}`)
    if (short !== undefined) with_value.add(`-${short}`)
  }
  const spelled = [...argv]
  let command: number | null = null
  let asked = false
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? ''
    if (word === '--') break
    if (!word.startsWith('-')) {
      // The second word is the program's: all after it is the program's, too.
      if (command !== null) break
      command = index
    } else if (word.startsWith('--runtime=')) {
      const runtime = RUNTIMES[word.slice('--runtime='.length)]
      asked = runtime !== undefined
      if (runtime !== undefined) spelled[index] = `--runtime=${runtime}`
    } else if (with_value.has(word)) {
      index += 1
      const runtime = word === '--runtime' ? RUNTIMES[argv[index] ?? ''] : undefined
      if (word === '--runtime') asked = runtime !== undefined
      if (runtime !== undefined) spelled[index] = runtime
    }
  }
  if (!asked || command === null || argv[command] !== 'run') return argv
  spelled[command] = 'start'
  return spelled
}
