/** More processes left behind than a record names: whoever asks again ends all of them, and is told no less. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

/** More than two records of 64 each would name. */
const MANY = 150

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  test(`${MANY} that hid while their owner could not look, and that outlived it: the next stop ends all`, async () => {
    const world = World.create(method)
    const hide = `for _ in $(seq ${MANY}); do setsid -f sleep 3600; done; : >hidden`
    const program = ['sh', '-c', `until [ -e begin ]; do sleep 0.05; done; ${hide}; exec sleep 3600`]
    const launch = new Launch(world, verb, program)
    await world.exec(launch.argv('s'))
    const { run_id, owner } = await launch.running('s')
    expect(await world.witness.kill(owner, 'SIGSTOP')).toBe(true)
    world.file('begin', '')
    await until('all to have hidden', () => existsSync(join(world.path, 'hidden')))
    expect(await world.witness.kill(owner, 'SIGKILL')).toBe(true)
    await launch.record(run_id, 'end')
    const hidden = async () => (await world.survivors()).filter(({ comm }) => comm === 'sleep').length
    // Its environment alone ties each of them to the run.
    expect(await hidden()).toBe(MANY)

    const stopped = await launch.call(['stop', run_id])
    expect(await hidden(), stopped.stdout).toBe(0)
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
    await world.nothingLeft()
  })
})
