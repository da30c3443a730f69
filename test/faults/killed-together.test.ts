/**
 * SIGKILL to those who hold a run that is under way, alone and together with others: the guard ends it with nobody
 * calling, or, where the guard is dead too, the next cleanup does. Nothing of the run's family is left.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { canTrace, KillAt, type Moment } from './harness/kill-at.js'
import { Launch, type Recorded } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { World } from './harness/world.js'

/**
 * A child in the group, one in a session of its own, and one below somebody in a third session, who exits when he is
 * told to: what is left of him has neither parent, group nor session in common with the rest.
 */
const FAMILY = [
  'sh',
  '-c',
  `sleep 3600 & setsid sleep 3600 &
setsid sh -c 'sleep 3600 & : >waiting; until [ -e seen ]; do sleep 0.05; done' &
wait; sleep 3600`,
]
const FAMILY_SIZE = 4

type Held = keyof Omit<Recorded, 'run_id'>

const is_traceable = canTrace()

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test.each<{ who: string; killed: readonly Held[] }>([
    { who: 'the owner', killed: ['owner'] },
    { who: 'program and owner together', killed: ['main', 'owner'] },
  ])('$who killed: the guard ends the family with nobody calling', async ({ killed }) => {
    const { world, launch, recorded } = await family(way)
    await killAll(world, recorded, killed)
    await world.nothingLeft()
    expect(await launch.record(recorded.run_id, 'end')).toMatchObject({
      stop_cause: 'owner_lost',
      exit_code: null,
      survivors: [],
      leftovers: [],
    })
    await endedForAll(launch, recorded.run_id)
  })

  test.each<{ who: string; killed: readonly Held[] }>([
    { who: 'owner and guard together', killed: ['guard', 'owner'] },
    { who: 'owner, guard and program together', killed: ['guard', 'main', 'owner'] },
  ])('$who killed: the run is lost, reading ends nothing, and cleanup ends it', async ({ killed }) => {
    const { world, launch, recorded } = await family(way)
    await killAll(world, recorded, killed)
    await expectLost(world, launch, recorded.run_id)
    await cleanedUp(world, launch, recorded.run_id)
  })

  test('the guard killed alone: the run goes on, and a stop ends it', async () => {
    const { world, launch, recorded } = await family(way)
    await killAll(world, recorded, ['guard'])
    expect((await launch.call(['ps'])).envelope.data.runs).toMatchObject([{ owner: 'alive' }])
    const stopped = await launch.call(['stop', recorded.run_id])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
    await world.nothingLeft()
    await endedForAll(launch, recorded.run_id)
  })

  test.skipIf(!is_traceable)(
    `the owner killed, and then its guard in the middle of its work: cleanup goes on with it${is_traceable ? '' : ' (needs ptrace)'}`,
    async () => {
      const { world, launch, recorded, struck } = await family(way, 'after signal 15')
      await killAll(world, recorded, ['owner'])
      expect(await struck()).toMatchObject({ killed: true })
      await cleanedUp(world, launch, recorded.run_id)
    },
  )
})

/** A run whose family is complete, and was seen by its owner before the last of it left. */
async function family({ verb, method }: Way, guard_dies?: Moment) {
  const world = World.create(method)
  const launch = new Launch(world, verb, FAMILY)
  const kill = guard_dies && new KillAt(world, 'guard', 'guard', guard_dies)
  const recorded = await launch.begin('s', kill?.argv)
  await until('the family', () => existsSync(join(world.path, 'waiting')))
  const seen = join(launch.state, 'runs', recorded.run_id, 'seen.log')
  await until('the family to be seen', async () => {
    const journal = existsSync(seen) ? readFileSync(seen, 'utf8') : ''
    const sleeping = (await world.survivors()).filter(({ comm }) => comm === 'sleep').map(({ pid }) => pid)
    const known = sleeping.filter(pid => journal.includes(`"pid":${pid},`))
    return known.length >= FAMILY_SIZE - 1
  })
  world.file('seen', '')
  await until('the last of it to have left', async () => {
    const shells = (await world.survivors()).filter(({ comm }) => comm === 'sh')
    return !shells.some(({ ppid }) => ppid === recorded.main.pid)
  })
  return { world, launch, recorded, struck: async () => kill?.struck() }
}

/** Stopped before the first of them dies, so that none can do anything about the death of another. */
async function killAll(world: World, recorded: Recorded, who: readonly Held[]): Promise<void> {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const)
    for (const name of who) expect(await world.witness.kill(recorded[name], signal), name).toBe(true)
}

async function expectLost(world: World, launch: Launch, run_id: string): Promise<void> {
  await until('ps to tell', async () => {
    const { runs } = (await launch.call(['ps'])).envelope.data
    return runs.some((run: { owner: string }) => run.owner === 'lost')
  })
  const before = (await world.survivors()).map(({ pid }) => pid)
  const { data } = (await launch.call(['show', run_id])).envelope
  expect(data).toMatchObject({ run_id, status: 'running', owner: 'lost' })
  expect((await world.survivors()).map(({ pid }) => pid)).toEqual(before)
}

async function cleanedUp(world: World, launch: Launch, run_id: string): Promise<void> {
  const cleanup = await launch.call(['cleanup'])
  expect(cleanup.code, cleanup.stdout).toBe(0)
  await world.nothingLeft()
  expect(cleanup.envelope.data.stopped).toMatchObject([{ run_id, survivors: [] }])
  await endedForAll(launch, run_id)
}

async function endedForAll(launch: Launch, run_id: string): Promise<void> {
  const { data } = (await launch.call(['show', run_id])).envelope
  expect(data).toMatchObject({ alive: false, owner: 'none', leftovers: [] })
  expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
  expect((await launch.call(['cleanup', '--all-sessions'])).envelope.data.stopped).toEqual([])
}
