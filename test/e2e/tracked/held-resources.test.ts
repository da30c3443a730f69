/** `ctx.hold`: whatever a command holds is given back in its turn, asked once, however the call ends, and never for ever. */
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { isAlive } from '../harness/witness.js'
import { envelopesIn, go, living, log, logged, pidIn, probe } from './probe.js'

/** A resource that notes what is done to it, and ends when it is told to; `ways` replace a method of it. */
const RESOURCE = `
const resource = (name, ways = {}) => {
  let end
  const ended = new Promise(done => { end = done })
  return {
    start() { note('start ' + name) },
    stop() { note('stop ' + name); end({ exit_reason: 'natural', exit_code: 0, signal: null }) },
    wait() { note('wait ' + name); return ended },
    end: how => end(how),
    ...ways,
  }
}
/** Waits for a pid that a program writes. */
const up = async name => {
  while (!existsSync(join(here, name)) || readFileSync(join(here, name), 'utf8') === '') await pause(5)
}
/** A child process of Node's own, as a resource. */
const child = (name, script) => {
  let process
  return {
    start() { process = child_process.spawn('sh', ['-c', script], { cwd: here, stdio: 'ignore' }) },
    stop({ signal }) {
      note('stop ' + name)
      signal.addEventListener('abort', () => { note('hurry ' + name); process.kill('SIGKILL') })
      process.kill('SIGTERM')
    },
    wait: () => new Promise(done => process.once('exit', (exit_code, signal) =>
      done({ exit_reason: signal ? 'signal' : 'natural', exit_code, signal }))),
  }
}`

for (const [how, end, signal, code] of [
  ['an ordinary end', 'return {}', null, 0],
  ['a thrown exit', `throw ctx.exit.GENERAL_ERROR('no')`, null, 1],
  ['the time limit', 'await forever()', null, 10],
  ['SIGTERM', `note('holding'); await forever()`, 'SIGTERM', 143],
  ['SIGINT', `note('holding'); await forever()`, 'SIGINT', 130],
] as const) {
  test(`resources and hooks are given back in reverse order of acquisition, each once, after ${how}`, async () => {
    const sandbox = Sandbox.create()
    const script = probe(
      sandbox,
      `await ctx.hold(resource('a'))
       ctx.on_cleanup(() => note('hook'))
       void ctx.run(['sh', '-c', 'echo $$ > tracked; exec sleep 1000']).catch(() => {})
       await up('tracked')
       await ctx.hold(resource('b', { async stop() { note('tracked ' + isThere(readFileSync(join(here, 'tracked'), 'utf8').trim())) ; this.end({ exit_reason: 'natural' }) } }))
       ${end}`,
      { prelude: RESOURCE },
    )
    const { child, answer } = go(sandbox, script, code === 10 ? ['--timeout', '5s'] : [])
    if (signal) {
      await logged(sandbox, 'holding')
      child.kill(signal)
    }
    const { code: exit_code, stdout } = await answer
    expect(exit_code, stdout).toBe(code)
    expect(envelopesIn(stdout)).toMatchObject([{ warnings: [] }])
    const told = log(sandbox).filter(line => line !== 'holding')
    expect(told).toEqual(['start a', 'wait a', 'start b', 'wait b', 'tracked false', 'hook', 'stop a'])
  })
}

test('its end is told once, to any number of waiters, and a resource that has ended is not stopped', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const own = resource('a')
     const held = await ctx.hold(own)
     const early = Array.from({ length: 50 }, () => held.wait())
     own.end({ exit_reason: 'natural', exit_code: 3, signal: null })
     own.end({ exit_reason: 'natural', exit_code: 4, signal: null })
     const ends = await Promise.all([...early, held.wait(), held.stop()])
     return { ends, different: new Set(ends).size }`,
    { prelude: RESOURCE },
  )
  const { envelope } = await go(sandbox, script).answer
  const end = { exit_reason: 'natural', exit_code: 3, signal: null }
  expect(envelope.data).toEqual({ ends: Array(52).fill(end), different: 1 })
  expect(envelope.warnings).toEqual([])
  expect(log(sandbox)).toEqual(['start a', 'wait a'])
})

test('a handler can stop it before; all who ask join the first', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const held = await ctx.hold(resource('a'))
     const [first, second] = await Promise.all([held.stop(), held.stop()])
     return { same: first === second, first, third: await held.stop() }`,
    { prelude: RESOURCE },
  )
  const { envelope } = await go(sandbox, script).answer
  const end = { exit_reason: 'natural', exit_code: 0, signal: null }
  expect(envelope.data).toEqual({ same: true, first: end, third: end })
  expect(log(sandbox)).toEqual(['start a', 'wait a', 'stop a'])
})

test('an end that nobody can tell is a runtime_error', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const ends = []
     for (const wait of [
       () => Promise.reject(new Error('lost')),
       () => { throw new Error('lost') },
       async () => undefined,
       async () => ({ exit_reason: 'no such reason' }),
       async () => ({ exit_reason: 'signal', exit_code: 1, signal: 'SIGTERM' }),
     ]) ends.push(await (await ctx.hold(resource('a', { wait }))).wait())
     return { ends }`,
    { prelude: RESOURCE },
  )
  const { envelope } = await go(sandbox, script).answer
  const end = { exit_reason: 'runtime_error', exit_code: null, signal: null }
  expect(envelope.data).toEqual({ ends: Array(5).fill(end) })
})

test('one that throws, never ends or never starts does not keep the others from their turn, and the answer says so', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `await ctx.hold(resource('first'))
     await ctx.hold(resource('throws', { stop() { throw new Error('cannot stop') } }))
     await ctx.hold(resource('hangs', { stop: () => new Promise(() => {}) }))
     await ctx.hold(resource('deaf', { stop({ signal }) { signal.addEventListener('abort', () => note('hurry')) } }))
     void ctx.hold(resource('slow', { start: () => new Promise(() => {}) }))
     return { done: true }`,
    { prelude: RESOURCE },
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code).toBe(0)
  expect(envelope.data).toEqual({ done: true })
  expect(envelope.warnings.map(({ code }) => code)).toEqual(Array(4).fill('CLEANUP_FAILED'))
  const messages = envelope.warnings.map(({ message }) => message)
  expect(messages.filter(message => message === 'a held resource was not done after 2000 ms')).toHaveLength(3)
  expect(messages.at(-1)).toBe('a held resource failed: cannot stop')
  expect(log(sandbox).filter(line => /^(?:hurry|stop)/.test(line))).toEqual([
    'stop slow',
    'hurry',
    'stop first',
  ])
})

test('what could not start is not held, and what is no resource is refused', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const tried = async attempt => { try { await attempt(); return 'held' } catch (error) { return error.details?.code ?? error.message } }
     return {
       failed: await tried(() => ctx.hold(resource('a', { start() { throw new Error('port taken') } }))),
       others: [await tried(() => ctx.hold(null)), await tried(() => ctx.hold({ start() {}, stop() {} })), await tried(() => ctx.hold(() => {}))],
     }`,
    { prelude: RESOURCE },
  )
  const { envelope } = await go(sandbox, script).answer
  expect(envelope.data).toEqual({ failed: 'port taken', others: Array(3).fill('RESOURCE_INVALID') })
  expect(envelope.warnings).toEqual([])
  expect(log(sandbox)).toEqual([])
})

test('a process that a resource starts is its own to end: TERM, then the signal for what does not hear it', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const stubborn = await ctx.hold(child('stubborn', 'trap "" TERM; echo $$ > stubborn; while :; do sleep 0.05; done'))
     await ctx.hold(child('gentle', 'echo $$ > gentle; exec sleep 1000'))
     await up('gentle')
     await up('stubborn')
     ctx.on_cleanup(() => note('both live: ' + ['gentle', 'stubborn'].every(name => isThere(readFileSync(join(here, name), 'utf8').trim()))))
     void stubborn.wait().then(({ exit_reason, signal }) => note(exit_reason + ' ' + signal))
     return {}`,
    { prelude: RESOURCE },
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code).toBe(0)
  expect(envelope.warnings).toEqual([])
  expect(log(sandbox)).toEqual([
    'both live: true',
    'stop gentle',
    'stop stubborn',
    'hurry stubborn',
    'signal SIGKILL',
  ])
  for (const name of ['stubborn', 'gentle']) expect(isAlive(await pidIn(sandbox, name))).toBe(false)
})

test('a process that a resource leaves behind is ended all the same, and named', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `await ctx.hold({ ...child('a', 'echo $$ > left; exec sleep 1000'), stop() {}, wait: async () => { await pause(100); return { exit_reason: 'natural' } } })
     await up('left')
     return {}`,
    { prelude: RESOURCE },
  )
  const { envelope } = await go(sandbox, script).answer
  expect(isAlive(await pidIn(sandbox, 'left'))).toBe(false)
  expect(envelope.warnings).toMatchObject([
    { code: 'UNDECLARED_BACKGROUND_PROCESS', context: { ended: true } },
  ])
})

test('a second SIGINT fires the signal of a stop that is under way', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `await ctx.hold(child('deaf', 'trap "" TERM INT; echo $$ > deaf; while :; do sleep 0.05; done'))
     await up('deaf')
     note('holding')
     await forever()`,
    { prelude: RESOURCE },
  )
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'holding')
  child.kill('SIGINT')
  await logged(sandbox, 'stop deaf')
  child.kill('SIGINT')
  expect((await answer).code).toBe(130)
  await sandbox.nothingLeft()
  expect(living(sandbox, 'deaf')).toEqual([])
})

test('nothing is held any more once the call is ending', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `if (ctx.env.BEFORE) await ctx.hold(resource('a'))
     ctx.on_cleanup(() => ctx.hold(resource('late')))
     return {}`,
    { prelude: RESOURCE },
  )
  for (const env of [{}, { BEFORE: '1' }]) {
    const { envelope } = await sandbox.call(['go'], { script, env })
    expect(envelope.warnings).toMatchObject([
      { code: 'CLEANUP_FAILED', message: expect.stringContaining('the call is ending') },
    ])
  }
  expect(log(sandbox).filter(line => line.includes('late'))).toEqual([])
})
