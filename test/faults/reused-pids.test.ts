/**
 * The pids of a run's processes come to others, who lead groups and sessions of the same numbers: the run has ended, or
 * is ended, and no signal reaches them. With pids that the test hands out itself, in a PID namespace.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Canary } from './harness/canary.js'
import { Launch, type Recorded } from './harness/launch.js'
import { canMake } from './harness/space.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { World, type WorldAnswer } from './harness/world.js'

const SPACE = { has_pids: true }
const can_make = canMake(SPACE)
const needs = can_make ? '' : ' (needs a PID namespace)'

/** Its child leads a session of its own, and is tied to it by its parent, the run's marker and the journal. */
const PARENT = ['sh', '-c', 'setsid sh -c "echo \\$\\$ >child; exec sleep 3600" & wait; sleep 3600']
/** What is left of each: a child that outlives it, a daemon that is tied to it by its environment alone. */
const LEAVING = {
  run: ['sh', '-c', 'setsid sleep 3600 & exit 0'],
  start: [
    'sh',
    '-c',
    'until [ -e begin ]; do sleep 0.05; done; setsid -f sleep 3600; rm begin; exec tail -f /dev/null',
  ],
}
const GRACE = { run: ['--grace', '100ms'], start: [] }
/** What ends a run or what it left, each by the name of the run's session. */
const ENDING: Readonly<Record<string, (run_id: string) => readonly string[]>> = {
  stop: run_id => ['stop', run_id, '--kill-after', '200ms'],
  'stop-force': run_id => ['stop', '--force', run_id],
  'session-stop': () => ['session', 'stop', 'session-stop'],
  cleanup: () => ['cleanup', '--all-sessions'],
}

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test.skipIf(!can_make)(`everybody on record is dead, and others have their pids${needs}`, async () => {
    const { world, launch, recorded, child } = await family(way)
    await kill(world, [recorded.guard, recorded.owner, recorded.main, child])
    await world.nothingLeft()
    const canaries = await inTheirPlace(world, { ...recorded, child })
    const untouched = async (by: string) => {
      for (const canary of canaries) await canary.expectUntouched(by)
    }
    for (const argv of [['ps'], ['ps', '--all'], ['show', recorded.run_id], ['session', 'list']]) {
      const { code, stdout } = await launch.call(argv)
      expect(code, stdout).toBe(0)
      await untouched(argv.join(' '))
    }
    expect((await launch.call(['show', recorded.run_id])).envelope.data).toMatchObject({
      status: 'unknown',
      owner: 'none',
      alive: false,
      exit_code: null,
      signal: null,
    })
    for (const argv of [
      ['stop', recorded.run_id, '--kill-after', '200ms'],
      ['stop', '--force', recorded.run_id],
      ['session', 'stop', 's'],
      ['cleanup', '--all-sessions'],
    ]) {
      const { code, stdout, envelope } = await launch.call(argv)
      expect(code, `${argv.join(' ')}: ${stdout}`).toBe(0)
      for (const { survivors } of envelope.data.stopped) expect(survivors).toEqual([])
      await untouched(argv.join(' '))
    }
    expect(launch.read(recorded.run_id, 'end')).toMatchObject({
      exit_code: null,
      signal: null,
      survivors: [],
    })
    for (const canary of canaries) await canary.end()
    await world.nothingLeft()
  })

  test.skipIf(!can_make)(
    `the owner is dead, and its guard ends the run while another has the owner's pid${needs}`,
    async () => {
      const { world, launch, recorded } = await family(way)
      expect(await world.witness.kill(recorded.guard, 'SIGSTOP')).toBe(true)
      expect(await world.witness.kill(recorded.owner, 'SIGKILL')).toBe(true)
      const canary = await Canary.start(world, 'owner', recorded.owner.pid)
      expect(await world.witness.kill(recorded.guard, 'SIGCONT')).toBe(true)
      expect(await launch.record(recorded.run_id, 'end')).toMatchObject({
        stop_cause: 'owner_lost',
        survivors: [],
      })
      await until('the canary to be alone', async () => onlyLeft(world, canary))
      await canary.expectUntouched('the guard')
      await canary.end()
      await world.nothingLeft()
    },
  )

  test.skipIf(!can_make)(
    `the guard is dead, and a stop ends the run while another has the guard's pid${needs}`,
    async () => {
      const { world, launch, recorded } = await family(way)
      expect(await world.witness.kill(recorded.guard, 'SIGKILL')).toBe(true)
      const canary = await Canary.start(world, 'guard', recorded.guard.pid)
      const answer = await launch.call(['stop', recorded.run_id])
      expectStopped(answer)
      await untouched(world, canary)
    },
  )

  test.skipIf(!can_make).each<[string, readonly Held[], 'main' | 'child']>([
    ['a child of a run whose owner lives', [], 'child'],
    ['a child of a lost run', ['guard', 'owner'], 'child'],
    ['the program of a lost run whose child lives', ['guard', 'owner'], 'main'],
  ])(`%s is dead, and a stop ends the rest while another has its pid${needs}`, async (_, lost, who) => {
    const { world, launch, recorded, child } = await family(way)
    const [dead, other] = who === 'main' ? [recorded.main, child] : [child, recorded.main]
    await kill(
      world,
      lost.map(name => recorded[name]),
    )
    await kill(world, [dead])
    const canary = await Canary.start(world, who, dead.pid)
    expect(canary.process.start_time).not.toBe(dead.start_time)
    expect(await lives(world, other)).toBe(true)

    const answer = await launch.call(['stop', recorded.run_id, '--kill-after', '5s'])
    expect(await lives(world, other), answer.stdout).toBe(false)
    expectStopped(answer)
    await untouched(world, canary)
  })
})

inEveryWay(['run', 'start'] as const, ({ verb, method }) => {
  const leaves = verb === 'run' || method === 'snapshot'
  const unless = leaves ? needs : ' (tracked completely it leaves nothing)'
  test.skipIf(!can_make || !leaves)(
    `what an ended run had left is dead, and another has its pid: nobody signals him${unless}`,
    async () => {
      const world = World.create(method, SPACE)
      const launch = new Launch(world, verb, LEAVING[verb], GRACE[verb])
      // Each call is the first that is made of what its run had left.
      for (const [session, argv] of Object.entries(ENDING)) {
        const run_id = await ended(world, launch, session)
        const left = (await world.survivors()).filter(({ comm }) => comm === 'sleep')
        const { survivors, leftovers } = launch.read(run_id, 'end')
        expect([...survivors, ...leftovers]).toMatchObject(left.map(({ pid }) => ({ identity: { pid } })))
        const [dead] = left
        if (!dead) throw new Error('nothing was left')
        await kill(world, [dead])
        const canary = await Canary.start(world, session, dead.pid)
        expect(canary.process.start_time).not.toBe(dead.start_time)

        const { code, stdout, envelope } = await launch.call(argv(run_id))
        await canary.expectUntouched(`${session}: ${stdout}`)
        expect(code, stdout).toBe(0)
        for (const stopped of envelope.data.stopped) expect(stopped.survivors).toEqual([])
        await canary.end()
        await world.nothingLeft()
      }
    },
  )

  /** A run that ended with something left on record. A background one is stopped, once its owner could not look. */
  async function ended(world: World, launch: Launch, session: string): Promise<string> {
    const { answer } = await world.exec(launch.argv(session))
    if (verb === 'run') {
      expect((await answer).code, (await answer).stdout).toBe(0)
      return launch.runOf(session)
    }
    const { run_id, owner } = await launch.running(session)
    await answer
    expect(await world.witness.kill(owner, 'SIGSTOP')).toBe(true)
    const begin = world.file('begin', '')
    await until('the daemon to have left', async () => {
      const sleeping = (await world.survivors()).some(({ comm }) => comm === 'sleep')
      return sleeping && !existsSync(begin)
    })
    expect(await world.witness.kill(owner, 'SIGCONT')).toBe(true)
    const stopped = await launch.call(['stop', run_id])
    expect(stopped.code, stopped.stdout).toBe(3)
    return run_id
  }
})

inEveryWay(['start'], ({ method }) => {
  test.skipIf(!can_make)(
    `the process that a run is bound to has ended, and another has its pid${needs}`,
    async () => {
      const world = World.create(method, SPACE)
      const bound = await world.exec(['sleep', '3600'])
      const argv = ['start', '--session', 's', '--bind-pid', String(bound.pid), '--', 'sleep', '3600']
      const { code, stdout, envelope } = await world.call(argv)
      expect(code, stdout).toBe(0)
      expect(await bound.kill('SIGKILL')).toBe(true)
      const canary = await Canary.start(world, 'bound', bound.pid)
      await until('the canary to be alone', async () => onlyLeft(world, canary))
      const shown = await world.call(['show', envelope.data.run_id])
      expect(shown.envelope.data).toMatchObject({ stop_cause: 'bound_exit', alive: false })
      await canary.expectUntouched('the shim')
      await canary.end()
      await world.nothingLeft()
    },
  )
})

function expectStopped({ code, stdout, envelope }: WorldAnswer): void {
  expect(code, stdout).toBe(0)
  expect(envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
}

/** The stop left nobody but whoever has the pid of somebody dead, and did nothing to that one. */
async function untouched(world: World, canary: Canary): Promise<void> {
  await until('the canary to be alone', async () => onlyLeft(world, canary))
  await canary.expectUntouched('the stop')
  await canary.end()
  await world.nothingLeft()
}

async function family({ verb, method }: Way) {
  const world = World.create(method, SPACE)
  const launch = new Launch(world, verb, PARENT)
  const recorded = await launch.begin('s')
  const path = join(world.path, 'child')
  const pid = await until('the child', () => (existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0))
  const child = await until('the child to be itself', async () =>
    (await world.survivors()).find(one => one.pid === pid && one.comm === 'sleep'),
  )
  const seen = join(launch.state, 'runs', recorded.run_id, 'seen.log')
  await until(
    'the child to be seen',
    () => existsSync(seen) && readFileSync(seen, 'utf8').includes(`"pid":${pid},`),
  )
  return { world, launch, recorded, child }
}

type Held = keyof Omit<Recorded, 'run_id'>
type Someone = Recorded['main']

const lives = async (world: World, { pid, start_time }: Someone): Promise<boolean> =>
  (await world.survivors()).some(one => one.pid === pid && one.start_time === start_time)

/** Stopped before the first of them dies, so that none can do anything about the death of another. */
async function kill(world: World, who: readonly Someone[]): Promise<void> {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const)
    for (const one of who) expect(await world.witness.kill(one, signal)).toBe(true)
}

async function inTheirPlace(world: World, { main, owner, guard, child }: Recorded & { child: Someone }) {
  const canaries: Canary[] = []
  for (const [name, { pid, start_time }] of Object.entries({ main, owner, guard, child })) {
    const canary = await Canary.start(world, name, pid)
    expect(canary.process.start_time).not.toBe(start_time)
    canaries.push(canary)
  }
  return canaries
}

/** Whether nothing lives but the canary and its parent. */
async function onlyLeft(world: World, canary: Canary): Promise<boolean> {
  const left = await world.survivors()
  return left.every(({ comm }) => comm === canary.process.comm)
}
