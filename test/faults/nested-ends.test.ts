/**
 * Runs inside runs of which one has ended, hangs, or is recorded elsewhere: a stop of the outermost ends what lives all
 * the same, or names it, and says stopped only where nothing does.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { reportOf } from '../e2e/run/calls.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { World } from './harness/world.js'

const VERBS = ['start', 'run'] as const
type Nestable = (typeof VERBS)[number]

const STAYING = '\n: >begun\nexec sleep 3600\n'
const GOING = '\n: >begun\n'
/** A run in front, over a moment after its program; its session follows. */
const OVER = 'chaperone run --grace 100ms --report report.json --session'
const LEAVING = `${OVER} inner -- sh -c 'sleep 3600 & echo $! >left'`

inEveryWay(VERBS, way => {
  // By looking alone nothing ties it to the outer run any more.
  test.skipIf(way.method === 'snapshot')(
    'what an inner run left behind is ended with the outer one',
    async () => {
      const { world, launch } = await outer(way, LEAVING + STAYING)
      await expectStopped(world, launch, await world.pidsIn('left', 1))
    },
  )

  test('the runs between have ended: what is inside them is ended with the outermost', async () => {
    const world = World.create(way.method)
    const deepest = world.file('deepest.sh', 'echo $$ >main; exec sleep 3600\n')
    const deep = world.file('deep.sh', `chaperone start --session deep -- sh ${deepest}\n`)
    const between = `${OVER} middle -- ${OVER} inner -- sh ${deep}`
    const { launch } = await outer(way, between + STAYING, { world })
    await expectStopped(world, launch, await world.pidsIn('main', 1))
    const end = launch.read(await launch.runOf('deep'), 'end')
    expect(end).toMatchObject({ stop_cause: 'parent_run', survivors: [], leftovers: [] })
  })

  test('the owner of an inner run hangs, and its program has gone: what that left behind is named', async () => {
    const inner = `chaperone start --session inner -- sh -c 'sleep 3600 & echo $! >left; exec sleep 7200'`
    const { world, launch } = await outer(way, inner + STAYING)
    const { owner, main } = await launch.running('inner')
    const [pid] = await world.pidsIn('left', 1)
    expect(await world.witness.kill(owner, 'SIGSTOP')).toBe(true)
    expect(await world.witness.kill(main, 'SIGKILL')).toBe(true)
    await until('its program to be gone', async () => (await alive(world, [main.pid])).length === 0)

    const stopped = await launch.call(['stop', '--kill-after', '0', await launch.runOf('outer')])
    expect(stopped.code, stopped.stdout).toBe(3)
    expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'survivors', survivors: [{ pid }] }])
    expect(await alive(world, [Number(pid)])).toEqual([pid])
    expect(await world.witness.kill(owner, 'SIGCONT')).toBe(true)
    await world.nothingLeft()
  })

  // By looking alone what has left its parent, its group and its session, with another id, is missed.
  test.skipIf(way.method === 'snapshot')(
    'an inner run that is recorded elsewhere is ended with the outer one',
    async () => {
      const world = World.create(way.method)
      const elsewhere = { CHAPERONE_STATE_DIR: world.directory('elsewhere') }
      const inner = `CHAPERONE_STATE_DIR=${elsewhere.CHAPERONE_STATE_DIR} chaperone start -- sh -c 'echo $$ >main; exec sleep 3600'`
      const { launch } = await outer(way, inner + STAYING, { world })
      await expectStopped(world, launch, await world.pidsIn('main', 1))
      const { envelope } = await world.call(['ps', '--all'], { env: elsewhere })
      expect(envelope.data.runs).toMatchObject([{ owner: 'none', leftovers: 0 }])
    },
  )

  test('what carries the mark of an owner, and of no run here, is ended with the outer one', async () => {
    const marks = ['x.owner', 'deadbeef0000.owner', '.owner']
    const forged = marks.map(mark => `CHAPERONE_RUN_ID=${mark} sleep 3600 & echo $! >>forged`)
    const { world, launch } = await outer(way, forged.join('\n') + STAYING)
    await expectStopped(world, launch, await world.pidsIn('forged', marks.length))
  })
})

inEveryWay(['run'] as const, way => {
  test.skipIf(way.method === 'snapshot').each(['report', 'terminate'])(
    'what an inner run left behind is a leftover of the outer one: --on-leftover %s',
    async on_leftover => {
      const options = ['--grace', '100ms', '--on-leftover', on_leftover]
      const { world, launch, answer } = await outer(way, LEAVING + GOING, { options })
      const { data } = reportOf(await answer)
      const left = await world.pidsIn('left', 1)
      const status = on_leftover === 'report' ? 'still-running' : 'terminated'
      expect(data.background_processes).toMatchObject([{ pid: left[0], cmd: 'sleep 3600', status }])
      if (on_leftover === 'report') await expectStopped(world, launch, left)
      await world.nothingLeft()
    },
  )

  test('a report names the runs inside one that has ended, and none inside a run that goes on', async () => {
    const world = World.create(way.method)
    const inner = world.file(
      'inner.sh',
      'chaperone start --session deeper -- sleep 3600\necho $$ >main; exec sleep 7200\n',
    )
    const between = `${OVER} middle -- chaperone start --session deep -- sh ${inner}`
    const script = `${between}\nuntil [ -e main ]; do sleep 0.05; done${GOING}`
    const { launch, answer } = await outer(way, script, { world, options: ['--grace', '100ms'] })
    const { data } = reportOf(await answer)
    const [pid] = await world.pidsIn('main', 1)
    const run_id = await launch.runOf('deep')
    expect(data.background_processes).toMatchObject([{ pid, run_id, status: 'still-running' }])
    expect((await launch.call(['stop', run_id])).code).toBe(0)
    await world.nothingLeft()
  })
})

/** A run whose program has come as far as it goes by itself. */
async function outer(
  { verb, method }: Way<Nestable>,
  script: string,
  { world = World.create(method), options = [] }: { world?: World; options?: readonly string[] } = {},
) {
  const launch = new Launch(world, verb, ['sh', world.file('outer.sh', script)], options)
  const { answer } = await world.exec(launch.argv('outer'))
  await until('the outer program', () => existsSync(join(world.path, 'begun')))
  return { world, launch, answer }
}

/** @param parts pids of what lives until then */
async function expectStopped(world: World, launch: Launch, parts: readonly number[]): Promise<void> {
  expect(await alive(world, parts)).toEqual(parts)
  const stopped = await launch.call(['stop', await launch.runOf('outer')])
  expect(stopped.code, stopped.stdout).toBe(0)
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
  expect(await alive(world, parts)).toEqual([])
  await world.nothingLeft()
}

async function alive(world: World, parts: readonly number[]): Promise<number[]> {
  const pids = new Set((await world.survivors()).map(({ pid }) => pid))
  return parts.filter(pid => pids.has(pid))
}
