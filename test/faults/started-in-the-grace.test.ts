/** A program that is told to go starts one more run before it does: the stop of the outer one ends that, too. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { embedding } from '../e2e/background/embedded.js'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

/** It hears TERM once, and who it starts then has an owner of its own. */
const STARTER = `${embedding("['sleep', number]")}
import { writeFileSync } from 'node:fs'
process.on('SIGTERM', async () => {
  const { envelope } = await tool.call(['launch', '--session', 'late', '3600'], { env: process.env })
  writeFileSync('late', envelope.data.background_pid + '\\n')
  process.exit(0)
})
setInterval(() => {}, 60_000)
writeFileSync('begun', '')
`

inEveryWay(['start', 'run'], ({ verb, method }) => {
  test('it is gone when the stop answers, and so is the outer one', async () => {
    const world = World.create(method)
    const script = world.tool('starter', STARTER)
    const launch = new Launch(world, verb, [process.execPath, script])
    const { run_id } = await launch.begin('outer')
    await until('the program', () => existsSync(join(world.path, 'begun')))
    const stopped = await launch.call(['stop', run_id, '--kill-after', '60s'])
    const [late = 0] = await world.pidsIn('late', 1)
    const living = (await world.survivors()).filter(({ pid }) => pid === late)
    expect(living, stopped.stdout).toEqual([])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
    const end = launch.read(await launch.runOf('late'), 'end')
    expect(end).toMatchObject({ stop_cause: 'parent_run', survivors: [] })
    await world.nothingLeft()
  })
})
