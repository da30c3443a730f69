/** Processes that a handler starts with Node's own means: ended, named, and looked for only where there are any. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { isAlive } from '../harness/witness.js'
import { envelopesIn, go, gone, logged, pidIn, probe } from './probe.js'

const TRACER = 'strace'
const has_tracer = spawnSync(TRACER, ['-V']).status === 0

for (const [how, start] of [
  [
    'a child',
    `child_process.spawn('sh', ['-c', 'echo $$ > child; exec sleep 1000'], { cwd: here, stdio: 'ignore' })`,
  ],
  [
    'a detached child that was let go',
    `child_process.spawn('sh', ['-c', 'echo $$ > child; exec sleep 1000'], { cwd: here, stdio: 'ignore', detached: true }).unref()`,
  ],
  ['a child of exec', `child_process.exec('echo $$ > child; exec sleep 1000', { cwd: here }, () => {})`],
  [
    'a child that ignores TERM',
    `child_process.spawn('sh', ['-c', 'trap "" TERM; echo $$ > child; while :; do sleep 0.05; done'], { cwd: here, stdio: 'ignore' })`,
  ],
  ['a forked Node program', `child_process.fork(join(here, 'forked.mjs'), { stdio: 'ignore' })`],
] as const) {
  test(`${how} that was started behind the framework's back is ended at the end of the call and named in a warning`, async () => {
    const sandbox = Sandbox.create()
    sandbox.file(
      'forked.mjs',
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(join(sandbox.path, 'child'))}, String(process.pid)); setInterval(() => {}, 1000)`,
    )
    const script = probe(
      sandbox,
      `${start}
       while (!existsSync(join(here, 'child')) || readFileSync(join(here, 'child'), 'utf8') === '') await pause(5)
       return { done: true }`,
    )
    const { code, envelope } = await go(sandbox, script).answer
    const pid = await pidIn(sandbox, 'child')
    expect(isAlive(pid)).toBe(false)
    expect(code).toBe(0)
    expect(envelope.data).toEqual({ done: true })
    expect(envelope.warnings).toMatchObject([
      { code: 'UNDECLARED_BACKGROUND_PROCESS', context: { pid, ended: true } },
    ])
    expect(envelope.warnings[0].message).toContain(String(pid))
    await sandbox.nothingLeft()
  })
}

test('the descendants of an undeclared child are ended with it, wherever they went', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `child_process.spawn('sh', ['-c', 'sleep 1000 & echo $! > group; setsid sleep 1000 & echo $! > session; wait'], { cwd: here, stdio: 'ignore' })
     while (!existsSync(join(here, 'session'))) await pause(5)
     await pause(100)
     return {}`,
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code).toBe(0)
  expect(envelope.warnings).toHaveLength(1)
  expect(isAlive(await pidIn(sandbox, 'group'))).toBe(false)
  expect(isAlive(await pidIn(sandbox, 'session'))).toBe(false)
  await sandbox.nothingLeft()
})

test('a child that a module starts outside of the handler while the call runs is ended and named as well', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `note('ready')
     while (!existsSync(join(here, 'child'))) await pause(5)
     return {}`,
    {
      prelude: `const timer = setInterval(() => {
        if (!existsSync(join(here, 'log'))) return
        clearInterval(timer)
        child_process.spawn('sh', ['-c', 'echo $$ > child; exec sleep 1000'], { cwd: here, stdio: 'ignore' })
      }, 5)`,
    },
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code).toBe(0)
  const pid = await pidIn(sandbox, 'child')
  expect(isAlive(pid)).toBe(false)
  expect(envelope.warnings).toMatchObject([{ code: 'UNDECLARED_BACKGROUND_PROCESS', context: { pid } }])
})

test('undeclared children that ended by themselves, were killed or could not be started are not mentioned', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const { once } = await import('node:events')
     await once(child_process.spawn('true'), 'exit')
     const killed = child_process.spawn('sleep', ['1000'])
     killed.kill()
     await once(killed, 'exit')
     await once(child_process.spawn('no such program'), 'error')
     child_process.execFileSync('true')
     child_process.spawnSync('sh', ['-c', 'exit 3'])
     // Ended, but nobody has told this process yet.
     const unnoticed = child_process.spawn('true')
     const until = performance.now() + 5000
     while (isThere(unnoticed.pid) && performance.now() < until);
     return {}`,
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.warnings).toEqual([])
})

test('an undeclared child that a cleanup hook starts and leaves is ended as well', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `ctx.on_cleanup(async () => {
       child_process.spawn('sh', ['-c', 'echo $$ > child; exec sleep 1000'], { cwd: here, stdio: 'ignore' })
       while (!existsSync(join(here, 'child'))) await pause(5)
     })
     return {}`,
  )
  const { code, envelope } = await go(sandbox, script).answer
  expect(code).toBe(0)
  expect(isAlive(await pidIn(sandbox, 'child'))).toBe(false)
  expect(envelope.warnings).toMatchObject([{ code: 'UNDECLARED_BACKGROUND_PROCESS' }])
})

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} ends undeclared children too, and the answer names them`, async () => {
    const sandbox = Sandbox.create()
    const script = probe(
      sandbox,
      `child_process.spawn('sh', ['-c', 'echo $$ > child; exec sleep 1000'], { cwd: here, stdio: 'ignore', detached: true })
       await forever()`,
    )
    const { child, answer } = go(sandbox, script)
    const pid = await pidIn(sandbox, 'child')
    child.kill(signal)
    const { code: exit_code, stdout } = await answer
    expect(exit_code).toBe(code)
    expect(isAlive(pid)).toBe(false)
    expect(envelopesIn(stdout)).toMatchObject([
      { warnings: [{ code: 'UNDECLARED_BACKGROUND_PROCESS', context: { pid } }] },
    ])
  })
}

test('a second SIGINT does not leave an undeclared child behind that ignores TERM', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `child_process.spawn('sh', ['-c', 'trap "echo TERM >> log" TERM; echo $$ > child; while :; do sleep 0.05; done'], { cwd: here, stdio: 'ignore' })
     await forever()`,
  )
  const { child, answer } = go(sandbox, script)
  const pid = await pidIn(sandbox, 'child')
  child.kill('SIGINT')
  await logged(sandbox, 'TERM')
  child.kill('SIGINT')
  expect((await answer).code).toBe(130)
  await gone(pid)
  await sandbox.nothingLeft()
})

test('a handler that ignores the end of its call cannot leave processes behind by starting new ones', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const { spawn } = child_process
     setInterval(() => { for (let n = 0; n < 3; n += 1) spawn('sleep', ['1000'], { stdio: 'ignore', detached: true }).unref() }, 5)
     note('ready')
     await forever()`,
  )
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'ready')
  child.kill('SIGTERM')
  expect((await answer).code).toBe(143)
  await sandbox.nothingLeft()
})

test.skipIf(!has_tracer)('a call that started nothing takes no look at any other process', async () => {
  const sandbox = Sandbox.create()
  const looks = (body: string): string[] => {
    const trace = join(sandbox.path, 'trace')
    const script = probe(sandbox, body)
    execFileSync(
      TRACER,
      ['-f', '-e', 'trace=open,openat,getdents64', '-o', trace, process.execPath, script, 'go'],
      { cwd: sandbox.path, env: { ...process.env, ...sandbox.env }, stdio: ['ignore', 'ignore', 'ignore'] },
    )
    return [...readFileSync(trace, 'utf8').matchAll(/"(\/proc(?:\/\d+\/(?:stat|environ|cmdline))?)"/g)].map(
      ([, path = '']) => path,
    )
  }
  // The tracer sees such looks where they are taken.
  const with_child = looks(`await ctx.run(['true']); return {}`)
  expect(with_child).toContain('/proc')
  expect(looks(`await ctx.temp_dir(); ctx.on_cleanup(() => {}); return {}`).filter(isOfOthers)).toEqual([])
  const without = looks('return {}')
  expect(without.filter(isOfOthers)).toEqual([])
  expect(existsSync(join(sandbox.path, 'trace'))).toBe(true)

  function isOfOthers(path: string): boolean {
    // Its own start time is what makes a temporary directory recognisable as that of a live call.
    const own = ownPid()
    return path !== `/proc/${own}/stat`
  }
  function ownPid(): number {
    return Number(/^(\d+)/.exec(readFileSync(join(sandbox.path, 'trace'), 'utf8'))?.[1])
  }
})
