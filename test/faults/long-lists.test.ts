/** One child behind more than a look can read at once, all of them ended: it is found, and not taken for nothing. */
import { expect, test } from 'vitest'
import { reportOf } from '../e2e/run/calls.js'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { program, World } from './harness/world.js'

/** The kernel lists at most some seven hundred at a time, and two looks have to find nobody. */
const MANY = '3000'

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  test('the last of thousands, and the only one that TERM does not end, is gone when the stop answers', async () => {
    const world = World.create(method)
    const launch = new Launch(world, verb, [program('behind'), MANY, 'living'])
    const { run_id } = await launch.begin('s')
    const [last = 0] = await world.pidsIn('last', 1)
    if (method === 'snapshot') await launch.seen(run_id, [last])
    const stopped = await launch.call(['stop', run_id, '--kill-after', '500ms'])
    expect(await lives(world, last), stopped.stdout).toBe(false)
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
    await world.nothingLeft()
  })
})

inEveryWay(['run'], ({ method }) => {
  test('what is left behind thousands of unreaped children of a parent that exits is reported', async () => {
    const world = World.create(method)
    const answer = await world.call(['run', '--grace', '200ms', '--', program('behind'), MANY, 'ended'])
    const [last = 0] = await world.pidsIn('last', 1)
    expect(await lives(world, last)).toBe(true)
    expect(answer.code, answer.stderr).toBe(7)
    const { data } = reportOf(answer)
    expect(data.background_processes).toMatchObject([{ pid: last, status: 'still-running' }])
    expect((await world.call(['stop', data.run_id])).code).toBe(0)
    await world.nothingLeft()
  })
})

const lives = async (world: World, wanted: number): Promise<boolean> =>
  (await world.survivors()).some(({ pid }) => pid === wanted)
