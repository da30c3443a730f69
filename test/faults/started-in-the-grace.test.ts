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
  let pid
  // A shim that was seen between its fork and its execve passed for the program's own, and got TERM.
  while (pid === undefined) {
    const { envelope } = await tool.call(['launch', '--session', 'late', '3600'], { env: process.env })
    pid = envelope.data?.background_pid
  }
  writeFileSync('late', pid + '\\n')
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
    const ends = launch.run_ids.filter(id => id !== run_id).map(id => launch.read(id, 'end'))
    expect(ends).toContainEqual(expect.objectContaining({ stop_cause: 'parent_run', survivors: [] }))
    await world.nothingLeft()
  })
})
