/** Tools made for measuring: an author's tool of many commands, compiled by the product's own build step. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** A command of an author's tool with a few flags and an output schema, as real ones have. */
const commandSource = (name: string): string => `import { defineCommand } from 'chaperone/author'
export default defineCommand({
  name: '${name}',
  description: 'Answer with what was given, for measuring.',
  danger_level: 'safe',
  required_scopes: [],
  flags: {
    text: { type: 'string', default: 'x', description: 'Any text' },
    count: { type: 'integer', default: 1, description: 'Any number' },
    mode: { type: 'enum', enum_values: ['fast', 'slow'], default: 'fast', description: 'One of two' },
  },
  exit_codes: {
    SUCCESS: { description: 'Answered', retryable: false, side_effects: 'none' },
    NOT_FOUND: { description: 'Not there', retryable: false, side_effects: 'none' },
  },
  output_schema: {
    type: 'object',
    properties: { text: { type: 'string' }, count: { type: 'integer' }, mode: { enum: ['fast', 'slow'] } },
    required: ['text', 'count', 'mode'],
  },
  examples: [{ description: 'Answer', command: 'many ${name} --text y' }],
  async execute({ text, count, mode }) {
    return { text, count, mode }
  },
})
`

/** Writes a compiled tool with one command that leaves `sleep` running: what a start costs beside the program. @returns its entry */
export function sleeper(directory: string): string {
  mkdirSync(join(directory, 'node_modules'), { recursive: true })
  symlinkSync(resolve('.'), join(directory, 'node_modules/chaperone'))
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(directory, 'sleep.js'),
    `import { defineCommand } from 'chaperone/author'
export default defineCommand({
  name: 'sleep', description: 'Leave a process that sleeps.', danger_level: 'safe', required_scopes: [],
  spawns_background_process: true, cleanup_command: 'stop', max_lifetime_seconds: 3600,
  flags: {},
  exit_codes: { SUCCESS: { description: 'Started', retryable: false, side_effects: 'complete' } },
  output_schema: { type: 'object' },
  async execute(args, ctx) {
    await ctx.background.spawn(['sleep', '3600'])
    return {}
  },
})
`,
  )
  const entry = join(directory, 'sleeper.js')
  writeFileSync(
    entry,
    `import { runTool } from 'chaperone'
await runTool({
  name: 'sleeper', version: '1.0.0', description: 'Leaves processes that sleep.',
  commands: { sleep: () => import('./sleep.js') },
  manifest: new URL('./sleeper.manifest.js', import.meta.url),
})
`,
  )
  execFileSync(process.execPath, [entry, 'manifest', '--write'], { stdio: ['ignore', 'ignore', 'inherit'] })
  return entry
}

/** Writes a compiled tool of `count` commands into a directory. @returns its entry */
export function manyCommands(directory: string, count: number): string {
  mkdirSync(join(directory, 'node_modules'), { recursive: true })
  mkdirSync(join(directory, 'commands'))
  symlinkSync(resolve('.'), join(directory, 'node_modules/chaperone'))
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  const names = Array.from({ length: count }, (_, index) => `command-${index}`)
  for (const name of names) writeFileSync(join(directory, 'commands', `${name}.js`), commandSource(name))
  const routes = names.map(name => `'${name}': () => import('./commands/${name}.js'),`).join('\n')
  const entry = join(directory, 'many.js')
  writeFileSync(
    entry,
    `import { runTool } from 'chaperone'
await runTool({
  name: 'many', version: '1.0.0', description: 'A tool of many commands.',
  commands: {
${routes}
  },
  manifest: new URL('./many.manifest.js', import.meta.url),
})
`,
  )
  execFileSync(process.execPath, [entry, 'manifest', '--write'], { stdio: ['ignore', 'ignore', 'inherit'] })
  return entry
}
