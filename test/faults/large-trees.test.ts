/** Trees of hundreds and of thousands, in many sessions, of which a third ignores TERM: nobody of them is left. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, World } from './harness/world.js'

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test.each([
    { size: 500, shape: 'all children of one', width: 499 },
    { size: 500, shape: 'four children each', width: 4 },
    // Each fork in a line costs the kernel more than the one before.
    { size: 150, shape: 'in one line', width: 1 },
    { size: 5_000, shape: 'eight children each', width: 8 },
  ])('$size processes, $shape, are gone when the stop answers', ({ size, width }) => grown(way, size, width))
})

async function grown({ verb, method }: Way, size: number, width: number): Promise<void> {
  const world = World.create(method)
  const launch = new Launch(world, verb, [program('tree'), String(size), String(width)])
  const { run_id } = await launch.begin('s')
  await until('the tree to have grown', () => existsSync(join(world.path, 'grown')))
  const trees = async () => (await world.survivors()).filter(({ comm }) => comm === 'tree').length
  expect(await trees()).toBe(size)
  const stopped = await launch.call(['stop', run_id, '--kill-after', '500ms'])
  expect(await trees(), stopped.stdout).toBe(0)
  expect(stopped.code, stopped.stdout).toBe(0)
  expect(stopped.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
  await world.nothingLeft()
  // Every one but the main process was a descendant that our signals ended.
  expect(launch.read(run_id, 'end')).toMatchObject({ descendants_killed: size - 1, survivors: [] })
}
