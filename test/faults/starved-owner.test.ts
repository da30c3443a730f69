/** An owner that hardly gets to run, on a machine that others use up, is slow: it does not hang. */
import { expect, onTestFinished, test } from 'vitest'
import { Launch } from './harness/launch.js'
import { canStarve, Starving } from './harness/starve.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

const can_starve = canStarve()
const needs = can_starve ? '' : ' (needs a cpu controller of control groups)'

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  test.skipIf(!can_starve)(`is waited for, and ends its run itself${needs}`, async () => {
    const starving = new Starving()
    onTestFinished(() => starving.remove())
    const world = World.create(method)
    const launch = new Launch(world, verb, ['sleep', '3600'])
    const { run_id, owner } = await launch.begin('s')
    starving.take(owner.pid)
    const stopped = await launch.call(['stop', run_id, '--kill-after', '0'])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
    expect(launch.read(run_id, 'end')).toMatchObject({ recorder: { pid: owner.pid }, reconcile_reason: null })
    await world.nothingLeft()
  })
})
