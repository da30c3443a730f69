/** A call that gets a signal: its children first, then its hooks and its files, then one answer. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { envelopesIn, go, gone, living, locks, log, logged, note, pidIn, probe, tempDirs } from './probe.js'

/** A child that notes TERM and does not obey it. */
const STUBBORN = `process.on('SIGTERM', () => {
  require('fs').appendFileSync(process.env.LOG, 'child TERM ' + Date.now() + '\\\\n')
})
require('fs').writeFileSync(process.env.PID, String(process.pid))
setInterval(() => {}, 1000)`

const RUN_STUBBORN = `
  const dir = await ctx.temp_dir()
  writeFileSync(join(dir, 'file'), dir)
  writeFileSync(join(here, 'dir'), dir)
  ctx.on_cleanup(async () => {
    note('hook ' + Date.now() + ' child ' + (isThere(readFileSync(join(here, 'pid'), 'utf8')) ? 'there' : 'gone'))
    await pause(150)
    note('hook done ' + Date.now())
  })
  await ctx.run([process.execPath, '-e', \`${STUBBORN}\`], { env: { LOG: join(here, 'log'), PID: join(here, 'pid') } })
  return {}
`

for (const [signal, code, ids] of [
  ['SIGTERM', 143, 'REQ-F-030, REQ-F-031, REQ-F-013, REQ-F-032, REQ-C-017'],
  ['SIGINT', 130, 'REQ-F-069, REQ-F-031, REQ-F-032'],
  ['SIGHUP', 129, 'REQ-F-031, REQ-F-032'],
] as const) {
  test(`${ids}: ${signal} reaches a tracked child that ignores TERM, KILL follows after the grace, then hooks, then one answer with exit ${code}`, async () => {
    const sandbox = Sandbox.create()
    const { child, answer } = go(sandbox, probe(sandbox, RUN_STUBBORN))
    const pid = await pidIn(sandbox, 'pid')
    const dir = readFileSync(join(sandbox.path, 'dir'), 'utf8')
    let at_arrival = { lines: [] as string[], alive: true, dirs: [''], at: 0 }
    child.stdout?.once('data', () => {
      at_arrival = { lines: log(sandbox), alive: isAlive(pid), dirs: tempDirs(sandbox), at: Date.now() }
    })
    const sent = Date.now()
    child.kill(signal)
    const { code: exit_code, stdout } = await answer

    expect(exit_code, stdout).toBe(code)
    expect(envelopesIn(stdout)).toMatchObject([
      { ok: false, data: { partial: true }, error: { code: 'CANCELLED' }, meta: { exit_code: code } },
    ])
    // When the answer's first byte came, all this lay behind.
    expect(at_arrival.lines.map(line => line.replace(/\d{6,}/, '…'))).toEqual([
      'child TERM …',
      'hook … child gone',
      'hook done …',
    ])
    expect(at_arrival.alive).toBe(false)
    expect(at_arrival.dirs).toEqual([])
    expect(dir).toContain(sandbox.path)
    const times = at_arrival.lines.map(line => Number(/\d{6,}/.exec(line)?.[0]))
    const [term = 0, hook = 0, done = 0] = times
    expect([sent, term, hook, done, at_arrival.at]).toEqual([sent, term, hook, done, at_arrival.at].sort())
    expect(locks(sandbox)).toEqual([])
    await sandbox.nothingLeft()
  })
}

test('REQ-F-030, REQ-F-031: SIGTERM reaches every tracked child at once, and those that obey it end the way they want to', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const child = name => ctx.run(['sh', '-c', 'trap "echo $0 ends >> log; exit 0" TERM; echo $$ > $0; while :; do sleep 0.02; done', name])
     await Promise.all(['one', 'two', 'three'].map(child))
     return {}`,
  )
  const { child, answer } = go(sandbox, script)
  await Promise.all(['one', 'two', 'three'].map(name => pidIn(sandbox, name)))
  child.kill('SIGTERM')
  const { code, stdout } = await answer
  expect(code).toBe(143)
  expect(log(sandbox).sort()).toEqual(['one ends', 'three ends', 'two ends'])
  expect(envelopesIn(stdout)).toMatchObject([{ warnings: [] }])
  await sandbox.nothingLeft()
})

test('SIGTERM while the first child is being started ends it, or keeps it from starting, before the answer', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const run = ctx.run(['sh', '-c', 'echo $$ >> children; sleep 1000 & wait'])
     run.catch(error => note(error.details.code))
     for (let turn = 0; turn < Number(ctx.env.TURNS); turn += 1) await new Promise(setImmediate)
     process.kill(process.pid, 'SIGTERM')
     await forever()`,
  )
  // One turn of the event loop later each time: through the loading of what starts children, and the start.
  for (let turns = 0; turns < 12; turns += 1) {
    const { code, stdout } = await sandbox.call(['go'], { script, env: { TURNS: String(turns) } })
    expect(code, stdout).toBe(143)
    expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'CANCELLED' }, warnings: [] }])
    expect(living(sandbox, 'sleep 1000')).toEqual([])
    await sandbox.nothingLeft()
  }
})

test('REQ-F-013, REQ-F-069: locks of the framework are released wherever the signal meets them', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const sandbox = Sandbox.create()
    // Each start and each end of a child rewrites the session's pid file under a lock.
    const script = probe(
      sandbox,
      `note('ready')
       for (;;) await Promise.all([ctx.run(['true']), ctx.run(['true'])])`,
    )
    const { child, answer } = go(sandbox, script)
    await logged(sandbox, 'ready')
    await until('a lock', () => locks(sandbox).length > 0)
    child.kill(signal)
    expect((await answer).code).toBe(signal === 'SIGTERM' ? 143 : 130)
    expect(locks(sandbox)).toEqual([])
  }
})

test('REQ-F-069, REQ-F-013: the codes of signals stand in the table of exit codes that the tool shows', async () => {
  const sandbox = Sandbox.create()
  const { envelope } = await sandbox.call(['manifest'], { script: probe(sandbox, 'return {}') })
  for (const [code, name] of [
    [129, 'SIGHUP'],
    [130, 'SIGINT'],
    [143, 'SIGTERM'],
  ] as const)
    expect(envelope.data.exit_codes[code]).toMatchObject({ name, retryable: false })
})

test('REQ-F-013: a second SIGTERM during the cleanup changes nothing: one envelope, exit 143', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.on_cleanup(async () => { note('cleaning'); while (!existsSync(join(here, 'go on'))) await pause(5); note('cleaned') })
     note('ready')
     await forever()`,
  )
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'ready')
  child.kill('SIGTERM')
  await logged(sandbox, 'cleaning')
  child.kill('SIGTERM')
  child.kill('SIGHUP')
  mkdirSync(join(sandbox.path, 'go on'))
  const { code, stdout } = await answer
  expect(code).toBe(143)
  expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'CANCELLED' } }])
  expect(log(sandbox)).toEqual(['ready', 'cleaning', 'cleaned'])
})

test('REQ-F-069: a second SIGINT sends KILL to every tracked tree and ends the call with 130, without a second envelope', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const stubborn = name => ctx.run(['sh', '-c', \`trap 'echo $0 TERM >> log' TERM; (trap "" TERM; exec sleep 1000) & echo $$ > $0; while :; do sleep 0.05; done\`, name])
     await Promise.all([stubborn(ctx.env.NAME + 1), stubborn(ctx.env.NAME + 2)])
     return {}`,
  )
  const ended: string[] = []
  const call = (name: string) => {
    const child = sandbox.spawn(['go'], { script, env: { NAME: name } })
    const answer = finished(child).then(it => {
      ended.push(name)
      return it
    })
    return { child, answer }
  }
  const once = call('once')
  const twice = call('twice')
  const pids = await Promise.all(['once1', 'once2', 'twice1', 'twice2'].map(name => pidIn(sandbox, name)))
  // Both get the first at the same time; one of them has to wait for the grace to pass.
  once.child.kill('SIGINT')
  twice.child.kill('SIGINT')
  for (const name of ['twice1', 'twice2']) await logged(sandbox, `${name} TERM`)
  twice.child.kill('SIGINT')
  const { code, stdout } = await twice.answer
  expect(code).toBe(130)
  expect(envelopesIn(stdout).length).toBeLessThanOrEqual(1)
  expect((await once.answer).code).toBe(130)
  expect(ended).toEqual(['twice', 'once'])
  for (const pid of pids) await gone(pid)
  await sandbox.nothingLeft()
})

test('REQ-F-069: a second SIGINT does not wait for a hook that hangs', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `for (let n = 0; n < 20; n += 1) ctx.on_cleanup(() => { note('cleaning'); return new Promise(() => {}) })
     note('ready')
     await forever()`,
  )
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'ready')
  child.kill('SIGINT')
  await logged(sandbox, 'cleaning')
  child.kill('SIGINT')
  const { code, stdout } = await answer
  expect(code).toBe(130)
  expect(stdout).toBe('')
  expect(log(sandbox).filter(line => line === 'cleaning').length).toBeLessThan(3)
})

test('REQ-F-013: a handler that ignores ctx.signal is cut short all the same, and can start and write nothing any more', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const dir = await ctx.temp_dir()
     ctx.on_cleanup(() => pause(200))
     note('ready')
     const refused = new Set()
     for (;;) {
       await pause(5)
       console.log('noise')
       for (const attempt of [() => ctx.run(['sleep', '1000']), () => ctx.temp_dir()]) {
         if (!ctx.signal.aborted) continue
         try { await attempt() } catch (error) {
           if (!refused.has(attempt.toString())) note(error.details.code)
           refused.add(attempt.toString())
         }
       }
     }`,
  )
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'ready')
  child.kill('SIGTERM')
  const { code, stdout } = await answer
  expect(code).toBe(143)
  expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'CANCELLED' } }])
  expect(log(sandbox)).toContain('CALL_ENDING')
  expect(tempDirs(sandbox)).toEqual([])
  await sandbox.nothingLeft()
})

test('ctx.signal tells a handler of SIGTERM, and what it then throws does not change the answer', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.on_cleanup(() => pause(100))
     note('ready')
     await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => { note('told'); reject(new Error('gave up')) }))`,
  )
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'ready')
  child.kill('SIGTERM')
  const { code, stdout } = await answer
  expect(code).toBe(143)
  expect(log(sandbox)).toEqual(['ready', 'told'])
  expect(envelopesIn(stdout)).toMatchObject([{ error: { code: 'CANCELLED' }, warnings: [] }])
})

test('a SIGTERM after the handler returned but before the answer cancels the call', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `let told = false
     process.on('SIGTERM', () => { told = true })
     ctx.on_cleanup(async () => { note('cleaning'); while (!told) await pause(5) })
     return { done: true }`,
  )
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'cleaning')
  child.kill('SIGTERM')
  const { code, stdout } = await answer
  expect(code).toBe(143)
  expect(envelopesIn(stdout)).toMatchObject([{ ok: false, error: { code: 'CANCELLED' } }])
})

test('a time limit that passes during the teardown does not take back what the handler achieved', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const started = performance.now()
     ctx.on_cleanup(async () => { while (performance.now() < started + 4_500) await pause(5) })
     return { done: true }`,
  )
  const { code, envelope } = await go(sandbox, script, ['--timeout', '4s']).answer
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.data).toEqual({ done: true })
})

test('a reader that stops reading in the middle of the answer does not make the call immortal', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `await ctx.run(['true'])
     process.once('exit', code => note('exit ' + code))
     note('ready')
     return { text: 'x'.repeat(8_000_000) }`,
  )
  const child = sandbox.spawn(['go'], { script }, ['ignore', 'pipe', 'ignore'])
  child.stdout?.pause()
  await logged(sandbox, 'ready')
  const ended = new Promise(resolve => child.once('exit', (code, signal) => resolve([code, signal])))
  // Until it is in the middle of the write it still answers; so the signal comes again.
  const again = setInterval(() => child.kill('SIGTERM'), 100)
  expect(await ended).toEqual([143, null])
  clearInterval(again)
  child.stdout?.destroy()
  await sandbox.nothingLeft()
  note(sandbox, 'end')
})
