/** Calls inside another program: each answers for its own handler alone, and leaves the program as it found it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../../e2e/harness/until.js'
import { isAlive } from '../../e2e/harness/witness.js'
import { embedded, world } from './embedded.js'

/** A process of the test's own, ended with the test. */
function bystander(): ChildProcess {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const LISTENED = ['uncaughtException', 'beforeExit', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const
const listeners = () => LISTENED.map(event => process.listenerCount(event))

test('a process that the embedding program starts while a call runs is neither ended nor named', async () => {
  const { env } = world()
  let go: () => void = () => {}
  const started = new Promise<void>(resolve => {
    go = resolve
  })
  const tool = await embedded({
    wait: async () => {
      await started
      return {}
    },
  })
  const call = tool.call(['wait'], { env })
  const own = bystander()
  go()
  const { exit_code, envelope } = await call
  expect(exit_code).toBe(0)
  expect(envelope?.warnings).toEqual([])
  expect(isAlive(own.pid ?? 0)).toBe(true)
})

test('of two calls at once, each ends and names what its own handler started', async () => {
  const { env } = world()
  const pids = new Map<string, number>()
  const both = { arrived: 0 }
  const starts = (name: string) => async () => {
    pids.set(name, spawn('sleep', ['1000'], { stdio: 'ignore' }).pid ?? 0)
    both.arrived += 1
    await until('both handlers', () => both.arrived === 2)
    return {}
  }
  const tool = await embedded({ one: starts('one'), two: starts('two') })
  const [one, two] = await Promise.all([tool.call(['one'], { env }), tool.call(['two'], { env })])
  for (const [name, result] of [
    ['one', one],
    ['two', two],
  ] as const) {
    expect(result.envelope?.warnings).toMatchObject([
      { code: 'UNDECLARED_BACKGROUND_PROCESS', context: { pid: pids.get(name) } },
    ])
  }
  expect([...pids.values()].filter(isAlive)).toEqual([])
})

test('an error in a callback of one handler fails that call and no other', async () => {
  const { env } = world()
  const tool = await embedded({
    breaks: async () => {
      setTimeout(() => {
        throw new Error('broken')
      })
      return new Promise(() => {})
    },
    works: async ctx => {
      await until('the other call to have broken', () => broken.exit_code !== null)
      return { aborted: ctx.signal.aborted }
    },
  })
  const broken: { exit_code: number | null } = { exit_code: null }
  // The test runner listens for uncaught exceptions, and would take this one for its own.
  const theirs = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException')
    for (const listener of theirs) process.on('uncaughtException', listener)
  })
  const works = tool.call(['works'], { env })
  const breaks = await tool.call(['breaks'], { env })
  broken.exit_code = breaks.exit_code
  expect(breaks.envelope).toMatchObject({ ok: false, error: { message: 'broken' } })
  expect((await works).envelope).toMatchObject({ ok: true, data: { aborted: false } })
})

test('process.exit in a handler fails its call and ends nothing, and the program has its process.exit back', async () => {
  const { env } = world()
  const exit = process.exit
  const tool = await embedded({ leaves: async () => process.exit(3) })
  const { exit_code, envelope } = await tool.call(['leaves'], { env })
  expect(exit_code).toBe(1)
  expect(envelope?.error).toMatchObject({ code: 'PROCESS_EXIT_CALLED', context: { exit_code: 3 } })
  expect(process.exit).toBe(exit)
})

test('however many calls there were, they leave no listeners behind but one that keeps SIGUSR2 from being deadly', async () => {
  const { env } = world()
  const tool = await embedded({
    runs: async ctx => {
      await ctx.temp_dir()
      const { stdout } = await ctx.run(['echo', 'hello'])
      return { stdout }
    },
  })
  // Loaded where a lock is first taken, and then listens for signals once and for all.
  await import('proper-lockfile')
  await tool.call(['runs'], { env })
  const before = [...listeners(), process.listenerCount('SIGUSR2')]
  for (let n = 0; n < 12; n += 1) {
    const { envelope } = await tool.call(['runs'], { env })
    expect(envelope?.data).toEqual({ stdout: 'hello\n' })
  }
  expect([...listeners(), process.listenerCount('SIGUSR2')]).toEqual(before)
  process.kill(process.pid, 'SIGUSR2')
  await new Promise(resolve => setImmediate(resolve))
})

test('calls of one tool at once have temporary directories of their own, although they share a process', async () => {
  const { env } = world()
  const dirs: string[] = []
  const tool = await embedded({
    dir: async ctx => {
      dirs.push(await ctx.temp_dir())
      await until('all calls', () => dirs.length === 5)
      return {}
    },
  })
  const results = await Promise.all(Array.from({ length: 5 }, () => tool.call(['dir'], { env })))
  expect(results.map(({ exit_code }) => exit_code)).toEqual([0, 0, 0, 0, 0])
  expect(new Set(dirs).size).toBe(5)
})

test('a child that escapes and holds its output open does not keep the embedding program from ending', async () => {
  const { env } = world()
  const pid: { escaped: number } = { escaped: 0 }
  const tool = await embedded({
    runs: async ctx => {
      const { stdout } = await ctx.run(['setsid', '-f', 'sh', '-c', 'echo $$; exec sleep 1000'])
      pid.escaped = Number(stdout)
      return {}
    },
  })
  const handles = () => process.getActiveResourcesInfo().filter(name => name === 'PipeWrap').length
  const before = handles()
  await tool.call(['runs'], { env })
  await until('the pipes to be closed', () => handles() <= before)
  if (isAlive(pid.escaped)) process.kill(pid.escaped, 'SIGKILL')
  const ours = bystander()
  ours.kill()
  await once(ours, 'exit')
})
