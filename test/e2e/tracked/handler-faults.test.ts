/** What breaks outside a handler's promise, or would end the process without an answer: one envelope all the same. */
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { envelopesIn, go, log, logged, pidIn, probe, tempDirs } from './probe.js'

/** What the call holds when it breaks, all of which must be given back. */
const HOLDING = `
  await ctx.temp_dir()
  ctx.on_cleanup(() => note('hook'))
  void ctx.run(['sh', '-c', 'echo $$ > child; sleep 1000 & wait'])
  while (!existsSync(join(here, 'child')) || readFileSync(join(here, 'child'), 'utf8') === '') await pause(5)
`

test.each([
  ['an exception in a timer', `setTimeout(() => { throw new Error('broken') }, 10)`],
  ['an exception in an immediate', `setImmediate(() => { throw new Error('broken') })`],
  ['an exception in process.nextTick', `process.nextTick(() => { throw new Error('broken') })`],
  [
    'an exception in a callback of a file',
    `const fs = await import('node:fs'); fs.readFile('/etc/hosts', () => { throw new Error('broken') })`,
  ],
  [
    'an exception in an event of a child',
    `child_process.spawn('true').on('exit', () => { throw new Error('broken') })`,
  ],
  ['an exception in a microtask', `queueMicrotask(() => { throw new Error('broken') })`],
  ['an error event that nobody listens for', `child_process.spawn('broken')`],
  ['a rejection that nobody waits for', `Promise.reject(new Error('broken'))`],
  ['a rejection in an async callback', `setTimeout(async () => { await null; throw new Error('broken') })`],
  ['a child of ctx.run that cannot be started and nobody waits for', `void ctx.run(['broken'])`],
])('%s becomes an envelope with exit 1, and everything of the call is given back', async (_, broken) => {
  const sandbox = Sandbox.create()
  const script = probe(sandbox, `${HOLDING}\n${broken}\nawait forever()`)
  const { code, stdout } = await go(sandbox, script).answer
  expect(code, stdout).toBe(1)
  expect(envelopesIn(stdout)).toMatchObject([
    { ok: false, error: { message: expect.stringContaining('broken'), phase: 'execution' } },
  ])
  expect(log(sandbox)).toEqual(['hook'])
  expect(tempDirs(sandbox)).toEqual([])
  await pidIn(sandbox, 'child')
  await sandbox.nothingLeft()
})

test('an exception in what a module began before the handler was called becomes an envelope, too', async () => {
  const sandbox = Sandbox.create()
  const script = probe(sandbox, `${HOLDING}\nnote('ready')\nawait forever()`, {
    prelude: `const timer = setInterval(() => {
      if (!existsSync(join(here, 'log')) || !readFileSync(join(here, 'log'), 'utf8').includes('ready')) return
      clearInterval(timer)
      throw new Error('broken')
    }, 5)`,
  })
  const { code, stdout } = await go(sandbox, script).answer
  expect(code, stdout).toBe(1)
  expect(envelopesIn(stdout)).toMatchObject([{ error: { message: 'broken' } }])
  expect(log(sandbox)).toEqual(['ready', 'hook'])
  await sandbox.nothingLeft()
})

test('a declared exit that is thrown in a callback is that exit', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `setTimeout(() => { throw ctx.exit.GENERAL_ERROR('from a timer', { code: 'TIMER_SAYS' }) })
     await forever()`,
  )
  const { code, stdout } = await go(sandbox, script).answer
  expect(code).toBe(1)
  expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'TIMER_SAYS', message: 'from a timer' } }])
})

test('ctx.signal tells a handler that its call has broken', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.signal.addEventListener('abort', () => note('told'))
     ctx.on_cleanup(() => pause(50))
     setTimeout(() => { throw new Error('broken') })
     await forever()`,
  )
  expect((await go(sandbox, script).answer).code).toBe(1)
  expect(log(sandbox)).toEqual(['told'])
})

test('what breaks after the handler has answered is a warning: the answer stands', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.on_cleanup(() => pause(200))
     setTimeout(() => { throw new Error('too late') }, 50)
     return { done: true }`,
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code).toBe(0)
  expect(envelope.data).toEqual({ done: true })
  expect(envelope.warnings).toMatchObject([
    { code: 'UNHANDLED_ERROR', message: expect.stringContaining('too late') },
  ])
})

test('what a cancelled handler breaks while it is being torn down changes nothing', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.on_cleanup(() => pause(200))
     ctx.signal.addEventListener('abort', () => { setTimeout(() => { throw new Error('broken') }); Promise.reject(new Error('rejected')) })
     process.kill(process.pid, 'SIGTERM')
     await forever()`,
  )
  const { code, stdout } = await go(sandbox, script).answer
  expect(code).toBe(143)
  expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'CANCELLED' }, warnings: [] }])
})

test.each([
  ['at once', 'process.exit(0)', 0],
  ['without a code', 'process.exit()', null],
  ['in a callback', 'setTimeout(() => process.exit(7)); await forever()', 7],
  ['where the caller catches everything', 'try { process.exit(5) } catch {} await forever()', 5],
  [
    'in a library that leaves on an error',
    `process.on('SIGUSR1', () => process.exit(9)); process.kill(process.pid, 'SIGUSR1'); await forever()`,
    9,
  ],
])(
  'process.exit %s does not end the process: the call fails with PROCESS_EXIT_CALLED, torn down as always',
  async (_, exits, exit_code) => {
    const sandbox = Sandbox.create()
    const script = probe(sandbox, `${HOLDING}\n${exits}\nreturn { reached: true }`)
    const { code, stdout } = await go(sandbox, script).answer
    expect(code, stdout).toBe(1)
    expect(envelopesIn(stdout)).toMatchObject([
      { ok: false, data: null, error: { code: 'PROCESS_EXIT_CALLED', context: { exit_code } } },
    ])
    expect(log(sandbox)).toEqual(['hook'])
    expect(tempDirs(sandbox)).toEqual([])
    await sandbox.nothingLeft()
  },
)

test('REQ-F-013: a listener of an author for SIGTERM that calls process.exit takes neither the answer nor the exit code away', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `process.on('SIGTERM', () => process.exit(0))
     ${HOLDING}
     note('ready')
     await forever()`,
  )
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'ready')
  child.kill('SIGTERM')
  const { code, stdout } = await answer
  expect(code).toBe(143)
  expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'CANCELLED' } }])
  expect(log(sandbox)).toEqual(['ready', 'hook'])
  await sandbox.nothingLeft()
})

test('process.exitCode does not change the exit code of the call', async () => {
  const sandbox = Sandbox.create()
  const { code, envelope } = await go(sandbox, probe(sandbox, 'process.exitCode = 5; return {}')).answer
  expect(code).toBe(0)
  expect(envelope.ok).toBe(true)
})

test('a handler that waits for what can never come is answered as soon as nothing else is left to wait for', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `${HOLDING.replace('sleep 1000 & wait', 'exit 0')}\nawait new Promise(() => {})`,
  )
  const { code, stdout } = await go(sandbox, script, ['--timeout', '0']).answer
  expect(code, stdout).toBe(1)
  expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'NEVER_SETTLES' } }])
  expect(log(sandbox)).toEqual(['hook'])
  expect(tempDirs(sandbox)).toEqual([])
})

test('an exit that was made by hand can claim neither success nor a signal', async () => {
  for (const made of [
    `new CommandExit('SUCCESS', 0, 'x')`,
    `new CommandExit('SIGTERM', 143, 'x')`,
    `new CommandExit('GENERAL_ERROR', 0, 'x')`,
  ]) {
    const sandbox = Sandbox.create()
    const script = probe(sandbox, `const { CommandExit } = await import('chaperone'); throw ${made}`)
    const { code, stdout } = await go(sandbox, script).answer
    expect(code, stdout).toBe(1)
    expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'UNDECLARED_EXIT' } }])
  }
})

test('a handler that aborts or kills its own process leaves no child behind', async () => {
  for (const end of [
    'process.abort()',
    `process.kill(process.pid, 'SIGKILL')`,
    `process.kill(process.pid, 'SIGQUIT')`,
  ]) {
    const sandbox = Sandbox.create()
    const script = probe(sandbox, `${HOLDING}\n${end}\nawait forever()`)
    const { stdout } = await go(sandbox, script).answer
    expect(stdout).toBe('')
    await sandbox.nothingLeft()
  }
})

const EMBEDDER = (before: string) => `
import { createTool, defineCommand } from 'chaperone'
const tool = await createTool({
  name: 'probe',
  version: '1.0.0',
  description: 'A tool for one test.',
  commands: [
    defineCommand({
      name: 'go',
      description: 'Wait.',
      danger_level: 'safe',
      required_scopes: [],
      flags: {},
      exit_codes: { SUCCESS: { description: 'Done', retryable: false, side_effects: 'complete' } },
      output_schema: { type: 'object' },
      execute: async () => { await new Promise(done => setTimeout(done, 300)); return {} },
    }),
  ],
})
${before}
setTimeout(() => { throw new Error('of the program') }, 50)
const { exit_code, envelope } = await tool.call(['go'], { env: process.env })
console.log(JSON.stringify({ exit_code, warnings: envelope.warnings }))
`

test('an error of a program that embeds a tool ends the program as it would without a call', async () => {
  const sandbox = Sandbox.create()
  const { code, stdout, stderr } = await sandbox.call([], { script: sandbox.tool('embedder', EMBEDDER('')) })
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toContain('Error: of the program')
})

test('an error of a program that embeds a tool and looks after its errors itself does not touch the call', async () => {
  const sandbox = Sandbox.create()
  const listening = `process.on('uncaughtException', error => console.error('seen: ' + error.message))`
  const script = sandbox.tool('embedder', EMBEDDER(listening))
  const { code, stdout, stderr } = await sandbox.call([], { script })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ exit_code: 0, warnings: [] })
  expect(stderr).toContain('seen: of the program')
})
