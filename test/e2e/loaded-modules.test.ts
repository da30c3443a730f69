/** What a start loads, listed by Node itself: the cold path is short because of what is not on it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from './harness/sandbox.js'

const COMMAND = (name: string) => `defineCommand({
  name: '${name}', description: 'Answers.', danger_level: 'safe', required_scopes: [], flags: {},
  exit_codes: { SUCCESS: { description: 'ok', retryable: false, side_effects: 'none' } },
  output_schema: { type: 'object', properties: { builtins: { type: 'array' } } },
  async execute() { return { builtins: process.moduleLoadList.filter(name => name.startsWith('NativeModule ')) } },
})`

/** A compiled tool of two commands, each in a module of its own. */
async function compiledTool(sandbox: Sandbox): Promise<string> {
  for (const name of ['first', 'second'])
    sandbox.tool(name, `import { defineCommand } from 'chaperone/author'\nexport default ${COMMAND(name)}\n`)
  const script = sandbox.tool(
    'entry',
    `import { runTool } from 'chaperone'
await runTool({
  name: 'cold', version: '1.0.0', description: 'A tool.',
  commands: {
    first: () => import('./${sandbox.token}-first.mjs'),
    second: () => import('./${sandbox.token}-second.mjs'),
  },
  manifest: new URL('./${sandbox.token}.manifest.js', import.meta.url),
})
`,
  )
  const written = await sandbox.call(['manifest', '--write'], { script })
  expect(written.code, written.stdout).toBe(0)
  return script
}

/** The files that one process loaded. */
function filesOf(coverage: string): string[] {
  const { result }: { result: { url: string }[] } = JSON.parse(readFileSync(coverage, 'utf8'))
  return result.map(({ url }) => url).filter(url => url.startsWith('file:'))
}

/** The files that one call loaded, as V8's coverage names them. */
async function loadedBy(sandbox: Sandbox, argv: readonly string[], script: string) {
  const directory = sandbox.directory(`coverage-${argv[0]}`)
  const answer = await sandbox.call(argv, { script, env: { NODE_V8_COVERAGE: directory } })
  expect(answer.code, answer.stdout).toBe(0)
  const files = readdirSync(directory).flatMap(name => filesOf(join(directory, name)))
  const builtins: string[] = answer.envelope.data.builtins ?? []
  return { files, builtins }
}

test('a call of a compiled tool loads the library, its own two modules and nothing of other commands', async () => {
  const sandbox = Sandbox.create()
  const script = await compiledTool(sandbox)
  const { files } = await loadedBy(sandbox, ['first'], script)
  const names = files.map(url => url.split('/').slice(-1)[0])
  expect(names).toContain(`${sandbox.token}-first.mjs`)
  expect(names).not.toContain(`${sandbox.token}-second.mjs`)
  // Entry, library and its script, compiled contract, command; the route table is data.
  expect(files).toHaveLength(5)
})

test('yargs, ajv, koffi and proper-lockfile are not on the path of a plain call', async () => {
  const sandbox = Sandbox.create()
  const script = await compiledTool(sandbox)
  const { files } = await loadedBy(sandbox, ['first'], script)
  expect(files.filter(url => /\/node_modules\/(?!chaperone\/)/.test(url))).toEqual([])
  expect(files.filter(url => /yargs|ajv|koffi|proper-lockfile/.test(url))).toEqual([])
})

test('neither child_process nor crypto, net or tty is loaded by a call that starts nothing and answers into a pipe', async () => {
  const sandbox = Sandbox.create()
  const script = await compiledTool(sandbox)
  const { builtins } = await loadedBy(sandbox, ['first'], script)
  expect(builtins.length).toBeGreaterThan(50)
  const dear = ['child_process', 'crypto', 'net', 'tty', 'readline'].map(name => `NativeModule ${name}`)
  expect(builtins.filter(name => dear.includes(name))).toEqual([])
})

test('`run` and `start` load a handful of files, and none of another package', async () => {
  const sandbox = Sandbox.create()
  for (const command of ['run', 'start']) {
    const directory = sandbox.directory(`coverage-${command}`)
    const answer = await sandbox.call([command, '--', 'true'], { env: { NODE_V8_COVERAGE: directory } })
    expect(answer.code, answer.stdout + answer.stderr).toBe(0)
    const files = readdirSync(directory).map(name => filesOf(join(directory, name)))
    const own = files.find(urls => urls.some(url => url.endsWith('/bin/chaperone.js'))) ?? []
    // The bin, the library and its script, the contract, the command, and one or two parts.
    expect(own.length, own.join('\n')).toBeLessThanOrEqual(7)
    expect(own.filter(url => url.includes('/node_modules/'))).toEqual([])
  }
})
