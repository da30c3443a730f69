/** Runs three deep, each started inside the one before: the owner of one is killed, and it ends with all inside it. */
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch, type Recorded } from './harness/launch.js'
import { inEveryWay, type Method, type Verb } from './harness/ways.js'
import { World } from './harness/world.js'

const LEVELS = ['outer', 'middle', 'inner'] as const
type Level = (typeof LEVELS)[number]

/** From the outermost: each verb inside the other one, at either depth. */
const MIXES: readonly Verbs[] = [
  ['run', 'start', 'run'],
  ['start', 'run', 'start'],
  ['run', 'run', 'start'],
]
type Verbs = readonly [Nestable, Nestable, Nestable]
type Nestable = Exclude<Verb, 'ctx.run'>

inEveryWay(['start', 'run'] as const, ({ verb, method }) => {
  const way = { verbs: [verb, verb, verb], method } as const

  test.each(LEVELS)(
    'the owner of the %s one killed: it ends with all inside it, and the others go on',
    killed => ownerKilled(way, killed),
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
      // Whoever of those that end it records that first may have found its program ended by another one.
      const reasons = ['owner_lost', 'owner_lost_main_gone']
      expect(reasons).toContain(launch.read(run_id, 'end').reconcile_reason)
    },
  )
})

for (const [index, verbs] of MIXES.entries())
  inEveryWay([verbs.join(' around ')], ({ method }) => {
    // Every mix with every level, in turns by either method.
    const first = index + (method === 'snapshot' ? 1 : 0)
    test.each(LEVELS.filter((_, depth) => (first + depth) % 2 === 0))(
      'the owner of the %s one killed: it ends with all inside it, and the others go on',
      killed => ownerKilled({ verbs, method }, killed),
    )
  })

interface Nesting {
  readonly verbs: Verbs
  readonly method: Method
}

async function ownerKilled(way: Nesting, killed: Level): Promise<void> {
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
}

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
async function nested({ verbs: [outer_verb, middle_verb, inner_verb], method }: Nesting) {
  const world = World.create(method)
  const inner = `chaperone ${inner_verb} --session inner -- sleep 3600`
  const middle = world.file('middle.sh', `${inner}\nsleep 3600\n`)
  const outer = world.file(
    'outer.sh',
    `chaperone ${middle_verb} --session middle -- sh ${middle}\nsleep 3600\n`,
  )
  const launch = new Launch(world, outer_verb, ['sh', outer])
  await launch.begin('outer')
  const runs: Recorded[] = []
  for (const level of LEVELS) runs.push(await launch.running(level))
  return { world, launch, runs }
}

function found(runs: readonly Recorded[], depth: number): Recorded {
  const run = runs[depth]
  if (!run) throw new Error(`no run ${depth} deep`)
  return run
}
