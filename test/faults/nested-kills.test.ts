/** Runs three deep, each started inside the one before: the owner of one is killed, and it ends with all inside it. */
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch, type Recorded } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { World } from './harness/world.js'

const LEVELS = ['outer', 'middle', 'inner'] as const

inEveryWay(['start', 'run'], way => {
  test.each(LEVELS)(
    'the owner of the %s one killed: it ends with all inside it, and the others go on',
    async killed => {
      const { world, launch, runs } = await nested(way)
      const depth = LEVELS.indexOf(killed)
      expect(await world.witness.kill(found(runs, depth).owner, 'SIGKILL')).toBe(true)
      for (const { run_id } of runs.slice(depth)) await launch.record(run_id, 'end')
      await until('what was inside it to be gone', async () => {
        const living = new Set((await world.survivors()).map(({ pid }) => pid))
        return runs.slice(depth).every(({ main, guard }) => !living.has(main.pid) && !living.has(guard.pid))
      })
      for (const { run_id, main } of runs.slice(0, depth)) {
        expect(launch.read(run_id, 'end')).toBeNull()
        expect((await world.survivors()).map(({ pid }) => pid)).toContain(main.pid)
      }
      await endedByTheOutermost(world, launch, runs)
    },
  )

  test('owner and guard of the outer one killed: its stop ends all', async () => {
    const { world, launch, runs } = await nested(way)
    await loseHolders(world, found(runs, 0))
    await endedByTheOutermost(world, launch, runs)
  })

  test.each(['middle', 'inner'] as const)(
    'owner and guard of the %s one killed: a stop of the outermost ends all',
    async lost => {
      const { world, launch, runs } = await nested(way)
      const { run_id } = found(runs, LEVELS.indexOf(lost))
      await loseHolders(world, found(runs, LEVELS.indexOf(lost)))
      await endedByTheOutermost(world, launch, runs)
      expect(launch.read(run_id, 'end')).toMatchObject({ reconcile_reason: 'owner_lost' })
    },
  )
})

async function endedByTheOutermost(world: World, launch: Launch, runs: readonly Recorded[]): Promise<void> {
  const { run_id } = found(runs, 0)
  const stopped = await launch.call(['stop', run_id])
  expect(stopped.code, stopped.stdout).toBe(0)
  const mains = new Set(runs.map(({ main }) => main.pid))
  expect((await world.survivors()).filter(({ pid }) => mains.has(pid))).toEqual([])
  await world.nothingLeft()
  for (const one of runs)
    expect(launch.read(one.run_id, 'end')).toMatchObject({ survivors: [], leftovers: [] })
  expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
}

async function loseHolders(world: World, { owner, guard }: Recorded): Promise<void> {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const)
    for (const one of [guard, owner]) expect(await world.witness.kill(one, signal)).toBe(true)
}

/** The three, from the outermost; each program stays when the one inside it has gone. */
async function nested({ verb, method }: Way) {
  const world = World.create(method)
  const inner = `chaperone ${verb} --session inner -- sleep 3600`
  const middle = world.file('middle.sh', `${inner}\nsleep 3600\n`)
  const outer = world.file('outer.sh', `chaperone ${verb} --session middle -- sh ${middle}\nsleep 3600\n`)
  const launch = new Launch(world, verb, ['sh', outer])
  await world.exec(launch.argv('outer'))
  const runs: Recorded[] = []
  for (const level of LEVELS) runs.push(await launch.running(level))
  return { world, launch, runs }
}

function found(runs: readonly Recorded[], depth: number): Recorded {
  const run = runs[depth]
  if (!run) throw new Error(`no run ${depth} deep`)
  return run
}
