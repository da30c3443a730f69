/** A stop whose program goes at once while its family does not: `stopped` is said when all of it has gone. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

/** Its child ignores TERM and does what it does every moment; the program itself obeys. */
const DEAF_CHILD = [
  'sh',
  '-c',
  `sh -c "trap '' TERM; : >deaf; while :; do sleep 0.2; done" & exec sleep 3600`,
]
/** Suspends itself; as soon as it can hear TERM it ends by a code of its own. */
const SUSPENDED = ['sh', '-c', `trap 'exit 42' TERM; : >ready; kill -STOP $$; while :; do sleep 0.1; done`]

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  test('the program obeys and its child does not: the answer comes when the child has gone', async () => {
    const world = World.create(method)
    const launch = new Launch(world, verb, DEAF_CHILD)
    const { run_id } = await launch.begin('s')
    await until('the child to ignore TERM', () => existsSync(join(world.path, 'deaf')))
    const stopped = await launch.call(['stop', run_id, '--kill-after', '1s'])
    const family = (await world.survivors()).filter(({ comm }) => ['sh', 'sleep'].includes(comm))
    // The guard is a shell too, and goes a moment later.
    const { guard } = launch.read(run_id, 'owner')
    expect(family.filter(({ pid }) => pid !== guard.pid)).toEqual([])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
    expect(launch.read(run_id, 'end')).toMatchObject({ signal: 'SIGTERM', exit_reason: 'signal' })
    await world.nothingLeft()
  })

  test('a suspended program hears TERM, and ends in its own way', async () => {
    const world = World.create(method)
    const launch = new Launch(world, verb, SUSPENDED)
    const { run_id, main } = await launch.begin('s')
    await until('the program to be suspended', async () =>
      (await world.survivors()).some(({ pid, state }) => pid === main.pid && state === 'T'),
    )
    const stopped = await launch.call(['stop', run_id, '--kill-after', '20s'])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(launch.read(run_id, 'end')).toMatchObject({ exit_code: 42, exit_reason: 'natural' })
    await world.nothingLeft()
  })
})

inEveryWay(['start'], ({ method }) => {
  test('the program has gone and its owner ends the rest in its own time: a hasty stop waits for that', async () => {
    const world = World.create(method)
    const launch = new Launch(world, 'start', DEAF_CHILD)
    const { run_id, main } = await launch.begin('s')
    await until('the child to ignore TERM', () => existsSync(join(world.path, 'deaf')))
    expect(await world.witness.kill(main, 'SIGKILL')).toBe(true)
    await until('the program to be gone', async () =>
      (await world.survivors()).every(({ pid }) => pid !== main.pid),
    )
    const stopped = await launch.call(['stop', run_id, '--kill-after', '1ms'])
    expect(stopped.code, stopped.stdout).toBe(0)
    await world.nothingLeft()
  })
})
