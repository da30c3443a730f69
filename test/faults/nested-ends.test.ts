/** Runs inside runs of which one has ended, or cannot be asked: a stop of the outermost ends what lives all the same. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { reportOf } from '../e2e/run/calls.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Method } from './harness/ways.js'
import { World } from './harness/world.js'

/** A run in front that is over as soon as its program has left something behind. */
const LEAVING = `chaperone run --session inner --grace 100ms --report inner.json -- sh -c 'sleep 3600 & echo $! >left'`

inEveryWay(['start', 'run'] as const, ({ verb, method }) => {
  // By looking alone nothing ties it to the outer run any more.
  test.skipIf(method === 'snapshot')(
    'what an inner run left behind is ended with the outer one',
    async () => {
      const { world, launch } = await outer(verb, method, `${LEAVING}\n: >begun\nexec sleep 3600\n`)
      await expectStopped(world, launch, await world.pidsIn('left', 1))
    },
  )
})

inEveryWay(['start', 'run'] as const, ({ verb, method }) => {
  // By looking alone what has left its parent, its group and its session, with another id, is missed.
  test.skipIf(method === 'snapshot')(
    'an inner run recorded elsewhere is ended with the outer one',
    async () => {
      const world = World.create(method)
      const start = `CHAPERONE_STATE_DIR=${world.directory('elsewhere')} chaperone start -- sh -c 'echo $$ >main; exec sleep 3600'`
      const { launch } = await outer(verb, method, `${start}\n: >begun\nexec sleep 3600\n`, [], world)
      await expectStopped(world, launch, await world.pidsIn('main', 1))
      const ended = await world.call(['ps', '--all'], {
        env: { CHAPERONE_STATE_DIR: join(world.path, 'elsewhere') },
      })
      expect(ended.envelope.data.runs).toMatchObject([{ owner: 'none', leftovers: 0 }])
    },
  )

  test('what carries the mark of an owner, and of no run here, is ended with the outer one', async () => {
    const marks = ['x.owner', 'deadbeef0000.owner', '.owner']
    const forged = marks.map(mark => `CHAPERONE_RUN_ID=${mark} sleep 3600 & echo $! >>forged`)
    const { world, launch } = await outer(verb, method, `${forged.join('\n')}\n: >begun\nexec sleep 3600\n`)
    await expectStopped(world, launch, await world.pidsIn('forged', marks.length))
  })
})

inEveryWay(['run'] as const, ({ verb, method }) => {
  test.skipIf(method === 'snapshot').each(['report', 'terminate'])(
    'what an inner run left behind is a leftover of the outer one: --on-leftover %s',
    async on_leftover => {
      const options = ['--grace', '100ms', '--on-leftover', on_leftover]
      const { world, launch, answer } = await outer(verb, method, `${LEAVING}\n: >begun\n`, options)
      const { data } = reportOf(await answer)
      const left = await world.pidsIn('left', 1)
      const status = on_leftover === 'report' ? 'still-running' : 'terminated'
      expect(data.background_processes).toMatchObject([{ pid: left[0], cmd: 'sleep 3600', status }])
      if (on_leftover === 'report') await expectStopped(world, launch, left)
      await world.nothingLeft()
    },
  )
})

/** A run whose program has come as far as it goes by itself. */
async function outer(
  verb: 'start' | 'run',
  method: Method,
  script: string,
  options: readonly string[] = [],
  world = World.create(method),
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
