/** The oracle of the fault tests itself: it counts what hides, keeps zombies apart, signals nobody else, and can fail. */
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { canMake } from './harness/space.js'
import { program, World } from './harness/world.js'

const SPACE = { has_pids: true }
const can_make = canMake(SPACE)

/** Leaves its parent, its group, its session and its environment. */
const HIDDEN = 'setsid -f env -i sleep 300 </dev/null >/dev/null 2>&1'

test('what becomes a daemon with an empty environment is counted, and fails the test that left it', async () => {
  const world = World.create('snapshot')
  expect(await world.sh(`${HIDDEN}; exit 7`)).toMatchObject({ code: 7, signal: null, stdout: '', stderr: '' })
  expect(await until('the daemon', async () => (await named(world, 'sleep'))[0])).toMatchObject({
    state: expect.not.stringMatching('Z'),
  })
  await expect(world.nothingLeft(50)).rejects.toThrow(/left after 50 ms: 1 processes\n.*sleep/)
  await world.witness.clear()
  await world.nothingLeft()
})

test('a zombie is not alive, and is told from one that is', async () => {
  const world = World.create('snapshot')
  // A shell would reap it.
  const line = 'until grep -q sleep /proc/$$/comm; do :; done & exec sleep 300'
  const parent = await world.exec(['sh', '-c', line])
  await until('a zombie', async () =>
    (await world.witness.list()).some(({ state, ppid }) => state === 'Z' && ppid === parent.pid),
  )
  expect((await world.survivors()).map(({ pid }) => pid)).toEqual([parent.pid])
  expect(await parent.kill('SIGKILL')).toBe(true)
  expect(await parent.answer).toMatchObject({ exit: { code: null, signal: 9 }, signal: 'SIGKILL' })
  await world.nothingLeft()
})

test('an identity that is not exactly that of a process below gets no signal', async () => {
  const world = World.create('snapshot')
  const { pid, answer } = await world.exec(['sleep', '300'])
  const sleeper = await until('the program', async () => (await named(world, 'sleep'))[0])
  const start_time = String(Number(sleeper.start_time) - 1)
  expect(await world.witness.kill({ pid, start_time }, 'SIGKILL')).toBe(false)
  expect(await world.witness.kill({ pid: process.pid, start_time: '0' }, 'SIGKILL')).toBe(false)
  expect(await named(world, 'sleep')).toHaveLength(1)
  expect(await world.witness.kill({ pid, start_time: sleeper.start_time }, 'SIGTERM')).toBe(true)
  expect((await answer).signal).toBe('SIGTERM')
})

test('where it reaps nobody, the dead stay as zombies until it does', async () => {
  const world = World.create('snapshot')
  await world.witness.reapAdopted(false)
  await world.sh(`setsid -f sh -c 'echo >"$SANDBOX"; exit 0'`)
  await until('the orphan to have run', () => existsSync(join(world.path, String(world.env['SANDBOX']))))
  await until('a zombie', async () => (await world.witness.list()).some(({ state }) => state === 'Z'))
  expect(await world.witness.isEmpty(0)).toBe(false)
  await world.witness.reapAdopted(true)
  await world.nothingLeft()
})

test('an orphan that crashes is told of, and one that was killed is not', async () => {
  const world = World.create('snapshot')
  await world.sh(`setsid -f sh -c 'ulimit -c 0; kill -ABRT $$'; setsid -f sh -c 'kill -KILL $$'`)
  await until('the crash', () => world.witness.crashed.length > 0)
  await world.nothingLeft()
  expect(world.witness.crashed.splice(0)).toMatchObject([{ signal: constants.signals.SIGABRT }])
})

test('a signal from below to the witness ends nobody, and is counted', async () => {
  const world = World.create('snapshot')
  expect(await world.witness.signalled()).toBe(0)
  for (const [index, signal] of ['TERM', 'HUP', 'INT'].entries()) {
    expect((await world.sh(`kill -${signal} "$PPID"`)).code).toBe(0)
    expect(await world.witness.signalled(), signal).toBe(index + 1)
  }
  await world.nothingLeft()
})

test.skipIf(!can_make)(
  `a signal to the witness as process 1 is counted${can_make ? '' : ' (needs a PID namespace)'}`,
  async () => {
    const world = World.create('snapshot', SPACE)
    expect((await world.sh('kill -TERM 1')).code).toBe(0)
    expect(await world.witness.signalled()).toBe(1)
    await world.nothingLeft()
  },
)

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'who ends the tests by %s, with the witness among them, leaves nothing that they started',
  async signal => {
    const world = World.create('snapshot')
    const script = join(world.path, 'tests.mjs')
    const request = ['spawn', '1', '/', '/dev/null', '/dev/null', '/dev/null', '0', '/bin/sleep', '300'].join(
      ' ',
    )
    world.file(
      'tests.mjs',
      `import { spawn } from 'node:child_process'
const witness = spawn(${JSON.stringify(program('witness'))}, { stdio: ['pipe', 'ignore', 'inherit'] })
witness.stdin.write(${JSON.stringify(`${request}\n`)})
setInterval(() => {}, 1_000)`,
    )
    await world.exec([process.execPath, script])
    await until('what they started', async () => (await named(world, 'sleep')).length > 0)
    // A group signalled as a whole; the witness first, so that it has the signal before its input ends.
    const started = ['witness', 'node'] as const
    for (const name of started)
      for (const one of await named(world, name)) await world.witness.kill(one, signal)
    await world.nothingLeft()
  },
)

test('what cannot be executed is told by its errno, and leaves nothing', async () => {
  const world = World.create('snapshot')
  await expect(world.exec([join(world.path, 'none')])).rejects.toThrow('ENOENT')
  await world.nothingLeft()
})

const named = async (world: World, comm: string) => (await world.survivors()).filter(one => one.comm === comm)
