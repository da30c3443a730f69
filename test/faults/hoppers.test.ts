/** A process that is never the same for long: it forks and exits, and so does its child, faster than anybody can look. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, World } from './harness/world.js'

/** How long each lives, in microseconds: as short as can be, less and more than a look takes. */
const PACES = ['0', '500', '5000']

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test('in the group of a living process: gone with the group when the stop answers', () =>
    hopped(way, [], ['--kill-after', '5s']))

  test('the same, and it ignores TERM: gone when a stop by force answers', () =>
    hopped(way, ['ignoring'], ['--force']))

  const is_complete = way.method === 'subreaper'
  const unless = is_complete ? '' : ' (only a subreaper finds it)'
  test.skipIf(!is_complete)(
    `it outlives the process that led its group: gone when the stop answers${unless}`,
    () => hopped(way, ['ignoring'], ['--kill-after', '200ms']),
  )

  test.skipIf(!is_complete)(`in a new session each time: gone when the stop answers${unless}`, () =>
    hopped(way, ['ignoring', 'setsid'], ['--kill-after', '200ms']),
  )
})

async function hopped(
  { verb, method }: Way,
  how: readonly string[],
  options: readonly string[],
): Promise<void> {
  const world = World.create(method)
  for (const pace of PACES) {
    const line = [program('hopper'), pace, ...how].join(' ')
    const launch = new Launch(world, verb, ['sh', '-c', `${line} & exec sleep 3600`])
    const { run_id } = await launch.begin(`s${pace}`)
    await until('it to hop', () => existsSync(join(world.path, 'hopping')))
    const stopped = await launch.call(['stop', run_id, ...options])
    const left = (await world.survivors()).filter(({ comm }) => ['hopper', 'sleep'].includes(comm))
    expect(left, stopped.stdout).toEqual([])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
    await world.nothingLeft()
    rmSync(join(world.path, 'hopping'))
  }
}
