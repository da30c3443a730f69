/** Hooks that give back what a command acquired: whatever ends the call, in reverse order, once, and never for ever. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { envelopesIn, go, log, logged, pidIn, probe } from './probe.js'

/** A lock as programs make them: a file that may be there only once. */
const LOCKED = `
  const lock = join(here, 'lock')
  writeFileSync(lock, String(process.pid), { flag: 'wx' })
  const { rmSync } = await import('node:fs')
  ctx.on_cleanup(() => rmSync(lock))
  note('locked')
`

for (const [how, end, signal, code] of [
  ['an ordinary end', 'return {}', null, 0],
  ['a thrown exit', `throw ctx.exit.GENERAL_ERROR('no')`, null, 1],
  ['a defect of the handler', 'null.member', null, 1],
  ['data that its schema does not allow', 'return null', null, 1],
  ['the time limit', 'await forever()', null, 10],
  ['SIGTERM', 'await forever()', 'SIGTERM', 143],
  ['SIGINT', 'await forever()', 'SIGINT', 130],
  ['SIGHUP', 'await forever()', 'SIGHUP', 129],
] as const) {
  const ids = { SIGTERM: 'REQ-C-017, REQ-F-013', SIGINT: 'REQ-C-017, REQ-F-069', SIGHUP: 'REQ-C-017' }
  test(`${signal ? ids[signal] : 'REQ-C-017'}: a lock that a command acquired is released after ${how}`, async () => {
    const sandbox = Sandbox.create()
    const { child, answer } = go(
      sandbox,
      probe(sandbox, `${LOCKED}\n${end}`),
      code === 10 ? ['--timeout', '5s'] : [],
    )
    await logged(sandbox, 'locked')
    if (signal) child.kill(signal)
    const { code: exit_code, stdout } = await answer
    expect(exit_code, stdout).toBe(code)
    expect(existsSync(join(sandbox.path, 'lock'))).toBe(false)
    expect(envelopesIn(stdout)).toMatchObject([{ warnings: [] }])
  })
}

test('REQ-C-017: hooks run in reverse order of acquisition, each after the one before it has ended', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `for (const name of ['first', 'second', 'third'])
       ctx.on_cleanup(async () => { note(name); await pause(30); note('end of ' + name) })
     return {}`,
  )
  await go(sandbox, script).answer
  expect(log(sandbox)).toEqual(['third', 'end of third', 'second', 'end of second', 'first', 'end of first'])
})

test('REQ-C-017: a hook runs once, also where a signal comes while it runs, and a no-op hook is fine', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `let told = 0
     process.on('SIGTERM', () => { told += 1 })
     ctx.on_cleanup(() => {})
     ctx.on_cleanup(async () => { note('cleaning'); while (told < 1) await pause(5) })
     return {}`,
  )
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'cleaning')
  child.kill('SIGTERM')
  const { code, stdout } = await answer
  expect(code).toBe(143)
  expect(envelopesIn(stdout)).toMatchObject([{ warnings: [] }])
  expect(log(sandbox)).toEqual(['cleaning'])
})

test('REQ-C-017: a hook that throws, rejects or hangs does not keep the others from their turn, and the answer says so', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.on_cleanup(() => note('last'))
     ctx.on_cleanup(() => new Promise(() => {}))
     ctx.on_cleanup(() => { throw new Error('thrown') })
     ctx.on_cleanup(async () => { throw ctx.exit.GENERAL_ERROR('declared') })
     ctx.on_cleanup(() => Promise.reject(undefined))
     ctx.on_cleanup('no function')
     return { done: true }`,
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code).toBe(0)
  expect(envelope.data).toEqual({ done: true })
  expect(log(sandbox)).toEqual(['last'])
  expect(envelope.warnings.map(({ code }) => code)).toEqual(Array(5).fill('CLEANUP_FAILED'))
  const messages = envelope.warnings.map(({ message }) => message).join('\n')
  for (const part of ['2000 ms', 'thrown', 'declared', 'undefined', 'not a function'])
    expect(messages).toContain(part)
})

test('a hook that is registered while the hooks run is run as well, and one that goes on registering itself is stopped', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.on_cleanup(() => note('first'))
     ctx.on_cleanup(() => { note('second'); ctx.on_cleanup(() => note('registered by the second')) })
     if (ctx.env.ENDLESS) ctx.on_cleanup(function again() { ctx.on_cleanup(again); return pause(1) })
     return {}`,
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code).toBe(0)
  expect(envelope.warnings).toEqual([])
  expect(log(sandbox)).toEqual(['second', 'registered by the second', 'first'])

  const endless = await sandbox.call(['go'], { script, env: { ENDLESS: '1' } })
  expect(endless.code).toBe(0)
  expect(endless.envelope.warnings.at(-1)).toMatchObject({
    code: 'CLEANUP_FAILED',
    message: expect.stringContaining('went on registering'),
  })
  // Those that were registered in time had their turn all the same.
  expect(log(sandbox).slice(3)).toEqual(['second', 'first'])
})

test('REQ-C-017: tracked children have ended when the first hook runs', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.on_cleanup(() => note(isThere(readFileSync(join(here, 'child'), 'utf8').trim()) ? 'alive' : 'ended'))
     void ctx.run(['sh', '-c', 'echo $$ > child; trap "sleep 0.3; exit 0" TERM; while :; do sleep 0.05; done'])
     while (!existsSync(join(here, 'child')) || readFileSync(join(here, 'child'), 'utf8') === '') await pause(5)
     return {}`,
  )
  expect((await go(sandbox, script).answer).code).toBe(0)
  expect(log(sandbox)).toEqual(['ended'])
})

test('a hook that asks for a new child is told that the call is ending', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.on_cleanup(() => ctx.run(['sh', '-c', 'echo ran >> log']))
     return {}`,
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code).toBe(0)
  expect(envelope.warnings).toMatchObject([
    { code: 'CLEANUP_FAILED', message: expect.stringContaining('the call is ending') },
  ])
  expect(log(sandbox)).toEqual([])
})

test('REQ-C-017: SIGKILL runs no hook, but no process outlives it', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.on_cleanup(() => note('hook'))
     await ctx.run(['sh', '-c', 'echo $$ > child; sleep 1000 & wait'])
     return {}`,
  )
  const { child, answer } = go(sandbox, script)
  await pidIn(sandbox, 'child')
  child.kill('SIGKILL')
  await answer
  await until('nothing', () => sandbox.survivors().length === 0)
  expect(log(sandbox)).toEqual([])
})
