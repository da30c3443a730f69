/** A call that runs another command within it, as `cleanup` does with a run's own stop command: one end for both. */
import { expect, test } from 'vitest'
import { AuthorTool, commandModule, TOOL as MYTOOL, routedTool } from '../contract/harness/author.js'
import { finished, Sandbox } from '../harness/sandbox.js'
import { isAlive } from '../harness/witness.js'
import { envelopesIn, living, log, logged, pidIn, tempDirs } from './probe.js'

const TAKES_A_WHILE = `
        note(await ctx.temp_dir())
        ctx.on_cleanup(async () => { await new Promise(done => setTimeout(done, 100)); note('hook') })
        if (ctx.env.QUICK) await ctx.runs.stop((await ctx.runs.live({ run: args.run })).map(run => run.run_id))
        else await ctx.run(['sh', '-c', 'trap "echo TERM >> log" TERM; echo $$ > child; while :; do sleep 0.05; done'])`

/** @param unserve more members of the contract of `unserve`, and the body of its `execute(args, ctx)`, as source */
const TOOL = (here: string, { contract = '', body = TAKES_A_WHILE } = {}) => `
import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineCommand, runTool } from 'chaperone'
const note = text => appendFileSync(join(${JSON.stringify(here)}, 'log'), text + '\\n')
const noted = async text => {
  while (!readFileSync(join(${JSON.stringify(here)}, 'log'), 'utf8').includes(text)) await new Promise(done => setTimeout(done, 10))
}
const common = {
  danger_level: 'safe',
  required_scopes: [],
  exit_codes: { SUCCESS: { description: 'Done', retryable: false, side_effects: 'complete' } },
  output_schema: { type: 'object' },
}
await runTool({
  name: 'probe',
  version: '1.0.0',
  description: 'A tool for one test.',
  commands: [
    defineCommand({
      ...common,
      name: 'serve',
      description: 'Start a server.',
      flags: {},
      spawns_background_process: true,
      cleanup_command: 'unserve',
      max_lifetime_seconds: 600,
      async execute(args, ctx) {
        await ctx.background.spawn(['sleep', '1000'])
        return {}
      },
    }),
    defineCommand({
      ...common,
      name: 'unserve',
      ${contract}
      description: 'Stop servers, and take a while.',
      flags: { run: { type: 'string', pattern: '^[0-9a-f]{4,12}$', description: 'The run' } },
      async execute(args, ctx) {
        ${body}
        return {}
      },
    }),
  ],
})
`

test('SIGTERM ends the children of the inner command, its hooks and its files before the one answer is written', async () => {
  const sandbox = Sandbox.create()
  const script = sandbox.tool('probe', TOOL(sandbox.path))
  const served = await sandbox.call(['serve', '--session', 's1'], { script })
  expect(served.code, served.stdout).toBe(0)

  const child = sandbox.spawn(['cleanup', '--session', 's1'], { script })
  const answer = finished(child)
  const pid = await pidIn(sandbox, 'child')
  let at_arrival: unknown
  child.stdout?.once('data', () => {
    at_arrival = { log: log(sandbox).slice(1), alive: isAlive(pid), dirs: tempDirs(sandbox) }
  })
  child.kill('SIGTERM')
  await logged(sandbox, 'TERM')
  const { code, stdout } = await answer
  expect(code, stdout).toBe(143)
  expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'CANCELLED' }, meta: { command: 'cleanup' } }])
  expect(at_arrival).toEqual({ log: ['TERM', 'hook'], alive: false, dirs: [] })

  // What the cancelled call did not get to is done by the next.
  const cleaned = await sandbox.call(['cleanup', '--session', 's1'], { script, env: { QUICK: '1' } })
  expect(cleaned.code, cleaned.stdout).toBe(0)
  expect(isAlive(served.envelope.data.background_pid)).toBe(false)
  await sandbox.nothingLeft()
})

test('a cleanup command that never ends is cut short at its own limit with its children, and its run and the next are ended', async () => {
  const sandbox = Sandbox.create()
  const script = sandbox.tool('probe', TOOL(sandbox.path, { contract: 'timeout_seconds: 2,' }))
  const serve = () => sandbox.call(['serve', '--session', 's1'], { script })
  const runs = [await serve(), await serve()].map(({ envelope }) => envelope.data)

  const { code, stdout, envelope } = await sandbox.call(['cleanup', '--session', 's1'], { script })
  expect(code, stdout).toBe(0)
  expect(living(sandbox, 'echo TERM')).toEqual([])
  expect(runs.map(({ background_pid }) => isAlive(background_pid))).toEqual([false, false])
  for (const { run_id } of runs) {
    expect(envelope.data.stopped).toContainEqual(expect.objectContaining({ run_id, outcome: 'stopped' }))
    expect(envelope.warnings).toContainEqual({
      code: 'CLEANUP_COMMAND_FAILED',
      message: expect.stringContaining('limit of 2000 ms'),
      context: { run_id, code: 'TIMEOUT' },
    })
  }
  expect(tempDirs(sandbox)).toEqual([])
  await sandbox.nothingLeft()
})

test('a cleanup command that goes on after its limit keeps no process and does not end the call, whatever it starts or breaks', async () => {
  const sandbox = Sandbox.create()
  const body = `
        note(args.run)
        if (readFileSync(join(ctx.cwd, 'log'), 'utf8').startsWith(args.run)) {
          await noted('second')
          spawn('sleep', ['2000'], { detached: true, stdio: 'ignore' })
          setTimeout(() => { throw new Error('late') }, 0)
          setTimeout(() => { note('late'); process.exit(7) }, 10)
          await new Promise(() => {})
        }
        note('second')
        await noted('late')`
  const script = sandbox.tool('probe', TOOL(sandbox.path, { contract: 'timeout_seconds: 2,', body }))
  const serve = () => sandbox.call(['serve', '--session', 's1'], { script })
  const runs = [await serve(), await serve()].map(({ envelope }) => envelope.data)

  const { code, stdout, envelope } = await sandbox.call(['cleanup', '--session', 's1'], { script })
  expect(code, stdout).toBe(0)
  expect(envelope.warnings[0]).toMatchObject({ code: 'CLEANUP_COMMAND_FAILED', context: { code: 'TIMEOUT' } })
  expect(living(sandbox, 'sleep 2000')).toEqual([])
  expect(runs.map(({ background_pid }) => isAlive(background_pid))).toEqual([false, false])
  await sandbox.nothingLeft()
})

const SERVE = `command('serve', async (_args, ctx) => { await ctx.background.spawn(['sleep', '1000']); return {} }, {
  spawns_background_process: true, cleanup_command: 'halt', max_lifetime_seconds: 600 })`
const HALT = `command('halt', async () => ({}), {
  timeout_seconds: 2, flags: { run: { type: 'string', description: 'The run' } } })`

test.each([
  { what: 'cannot be loaded', module: "throw new Error('no disk')", code: 'COMMAND_NOT_LOADED' },
  { what: 'never ends being loaded', module: 'await new Promise(() => {})', code: 'TIMEOUT' },
])(
  'where the module of a cleanup command $what, cleanup ends its run and the next by itself',
  async expected => {
    const sandbox = Sandbox.create()
    const compiled = `manifest: new URL('./${MYTOOL}.manifest.js', import.meta.url),`
    const tool = new AuthorTool(sandbox, {
      'tool.mjs': routedTool({ serve: './serve.mjs', halt: './halt.mjs' }, compiled),
      'serve.mjs': commandModule(SERVE),
      'halt.mjs': commandModule(HALT),
    })
    expect((await tool.ask(['manifest', '--write'])).ok).toBe(true)
    const serve = () => tool.ask(['serve', '--session', 's1'])
    const runs = [await serve(), await serve()].map(({ data }) => data)
    tool.write('halt.mjs', commandModule(HALT, expected.module))

    const { ok, warnings } = await tool.ask(['cleanup', '--session', 's1'])
    expect(ok).toBe(true)
    const failed = { code: 'CLEANUP_COMMAND_FAILED', context: { code: expected.code } }
    expect(warnings).toMatchObject([failed, failed])
    expect(runs.map(({ background_pid }) => isAlive(background_pid))).toEqual([false, false])
    await sandbox.nothingLeft()
  },
)
