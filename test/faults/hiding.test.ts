/** What hides from whoever looks for it: without parent, group, session, environment, name, directory or descriptors. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, World } from './harness/world.js'

/** Each of them leaves it some tie. */
const ALONE = ['fork', 'setsid', 'environment', 'title', 'directory', 'descriptors'].map(means => [means])
const DAEMON = ['fork', 'setsid', 'fork', 'title', 'directory', 'descriptors']
const EVERYTHING = ['environment', ...DAEMON]

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test('by one means each: all are gone when the stop answers', async () => {
    const { world, launch, run_id } = await hidden(way, ALONE)
    const stopped = await launch.call(['stop', run_id])
    expect(await living(world, ALONE.length), stopped.stdout).toEqual([])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
    await world.nothingLeft()
  })

  const is_complete = way.method === 'subreaper'
  const unless = is_complete ? '' : ' (only a subreaper finds it)'
  test.skipIf(!is_complete)(`by all of them at once: gone when the stop answers${unless}`, async () => {
    const { world, launch, run_id } = await hidden(way, [EVERYTHING])
    const stopped = await launch.call(['stop', run_id])
    expect(await living(world, 1), stopped.stdout).toEqual([])
    expect(stopped.code, stopped.stdout).toBe(0)
    await world.nothingLeft()
  })

  test('by all but its environment: gone, or listed with exit 3 and ended by the next stop', async () => {
    const { world, launch, run_id } = await hidden(way, [DAEMON])
    const first = await launch.call(['stop', run_id])
    const left = await living(world, 1)
    expect(first.code, first.stdout).toBe(left.length === 0 ? 0 : 3)
    if (is_complete) expect(left).toEqual([])
    const survivors = left.map(pid => ({ pid, tried: false }))
    expect(first.envelope.data.stopped).toMatchObject([{ survivors }])
    const second = await launch.call(['stop', run_id])
    expect(second.code, second.stdout).toBe(0)
    await world.nothingLeft()
  })
})

async function hidden({ verb, method }: Way, all: readonly (readonly string[])[]) {
  const world = World.create(method)
  const lines = all.map((means, index) => `${program('hide')} ${pathOf(world, index)} ${means.join(' ')} &`)
  const launch = new Launch(world, verb, ['sh', '-c', `${lines.join('\n')} wait; sleep 3600`])
  const { run_id } = await launch.begin('s')
  for (const index of all.keys())
    await until(`${all[index]} to have hidden it`, () => existsSync(pathOf(world, index)))
  return { world, launch, run_id }
}

const pathOf = (world: World, index: number): string => join(world.path, `hidden.${index}`)

/** Pids of those who hid and live. */
async function living(world: World, count: number): Promise<number[]> {
  const pids = Array.from({ length: count }, (_, index) => Number(readFileSync(pathOf(world, index), 'utf8')))
  return (await world.survivors()).map(({ pid }) => pid).filter(pid => pids.includes(pid))
}
