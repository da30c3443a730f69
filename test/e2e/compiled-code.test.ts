/** The code that V8 made of the library is kept for later starts; whatever happens to it, a call answers as without it. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { Sandbox } from './harness/sandbox.js'

const COMMAND = `import { defineCommand } from 'chaperone/author'
export default defineCommand({
  name: 'hello', description: 'Answers.', danger_level: 'safe', required_scopes: [], flags: {},
  exit_codes: { SUCCESS: { description: 'ok', retryable: false, side_effects: 'none' } },
  output_schema: { type: 'object', properties: { hello: { const: true } }, required: ['hello'] },
  async execute() { return { hello: true } },
})
`

const ENTRY = `import { runTool } from 'chaperone'
await runTool({
  name: 'own', version: '1.0.0', description: 'A tool with a library of its own.',
  commands: { hello: () => import('./hello.js') },
  manifest: new URL('./own.manifest.js', import.meta.url),
})
`

/** A compiled tool whose copy of the package is nobody else's. */
async function ownTool(sandbox: Sandbox) {
  const root = sandbox.directory('own')
  cpSync(join(inject('consumer'), 'node_modules'), join(root, 'node_modules'), { recursive: true })
  const place = join(root, 'node_modules/chaperone/dist/framework')
  const kept = () => readdirSync(place).filter(name => name.includes('.cache'))
  for (const name of kept()) rmSync(join(place, name))
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  writeFileSync(join(root, 'hello.js'), COMMAND)
  const script = join(root, 'own.js')
  writeFileSync(script, ENTRY)
  const compiled = await sandbox.call(['manifest', '--write'], { script })
  expect(compiled.code, compiled.stdout).toBe(0)
  return {
    kept,
    path: () => join(place, kept()[0] ?? 'none'),
    async hello(env: Record<string, string> = {}) {
      const answer = await sandbox.call(['hello'], { script, env })
      expect(answer).toMatchObject({ code: 0, stderr: '' })
      expect(answer.envelope.data).toEqual({ hello: true })
    },
    help: () => sandbox.call(['--help'], { script }),
    /** Sizes of the code that V8 itself says it took over at a start, its own and Node's included. */
    async taken(env = '') {
      const line = `${env} '${process.execPath}' --profile-deserialization '${script}' hello`
      const { code, stdout } = await sandbox.sh(line)
      expect(code, stdout).toBe(0)
      return [...stdout.matchAll(/Deserializing from (\d+) bytes/g)].map(([, bytes]) => Number(bytes))
    },
  }
}

test('the first call of a compiled command leaves the compiled library, once for all later ones', async () => {
  const tool = await ownTool(Sandbox.create())
  await tool.help()
  expect(tool.kept()).toEqual([])
  await tool.hello()
  expect(tool.kept()).toEqual([expect.stringContaining(process.arch)])
  const first = readFileSync(tool.path())
  await tool.hello()
  expect(readFileSync(tool.path()).equals(first)).toBe(true)
})

test('a later call runs what was kept, by the witness of V8', async () => {
  const tool = await ownTool(Sandbox.create())
  await tool.hello()
  const bytes = readFileSync(tool.path()).length / 2
  expect(await tool.taken()).toContain(bytes)
  expect(await tool.taken('NODE_DISABLE_COMPILE_CACHE=1')).not.toContain(bytes)
})

test('what was kept and is damaged is never run, and is made anew', async () => {
  const tool = await ownTool(Sandbox.create())
  await tool.hello()
  const whole = readFileSync(tool.path())
  const flipped = Buffer.from(whole)
  flipped[5_000] = (flipped[5_000] ?? 0) ^ 0xff
  const damaged = [flipped, whole.subarray(0, 5_001), Buffer.alloc(0), Buffer.alloc(whole.length, 'x')]
  for (const bytes of damaged) {
    writeFileSync(tool.path(), bytes)
    await tool.hello()
  }
  // Of equal halves V8 itself says that they are no code of its own; they are left to who wrote them.
  expect(tool.kept()).toHaveLength(1)
  writeFileSync(tool.path(), flipped)
  await tool.hello()
  expect(readFileSync(tool.path()).equals(flipped)).toBe(false)
})

test('with NODE_DISABLE_COMPILE_CACHE nothing is kept, and nothing that was kept is run', async () => {
  const tool = await ownTool(Sandbox.create())
  const off = { NODE_DISABLE_COMPILE_CACHE: '1' }
  await tool.hello(off)
  expect(tool.kept()).toEqual([])
  await tool.hello()
  const path = tool.path()
  writeFileSync(path, 'nothing that could run')
  await tool.hello(off)
  expect(readFileSync(path, 'utf8')).toBe('nothing that could run')
})

test('twenty first calls at once leave one whole file', async () => {
  const tool = await ownTool(Sandbox.create())
  await Promise.all(Array.from({ length: 20 }, () => tool.hello()))
  expect(tool.kept()).toHaveLength(1)
  const twice = readFileSync(tool.path())
  const half = twice.length / 2
  expect(twice.subarray(0, half).equals(twice.subarray(half))).toBe(true)
})
