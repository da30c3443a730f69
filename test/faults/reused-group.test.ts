/**
 * The main process has ended and been reaped while its owner goes on with the rest of the run. Somebody else gets its
 * pid, and leads a group and a session of that number: nothing that the owner still does reaches them.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { probe } from '../e2e/tracked/probe.js'
import { Canary } from './harness/canary.js'
import { Launch } from './harness/launch.js'
import { canMake } from './harness/space.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

const SPACE = { has_pids: true }
const can_make = canMake(SPACE)

/** What is left of it does not obey, so that there is time for others before its owner is done. */
const PROGRAM = [
  'sh',
  '-c',
  `setsid sh -c "trap '' TERM; echo \\$\\$ >deaf; exec sleep 3600" & exec sleep 3600`,
]
const OPTIONS = { run: ['--mode', 'follow-descendants', '--linger', '1h'], start: [], 'ctx.run': [] }

inEveryWay(['run', 'start', 'ctx.run'], ({ verb, method }) => {
  test.skipIf(!can_make)(
    `the end of a run sends nothing to a group that got its number${can_make ? '' : ' (needs a PID namespace)'}`,
    async () => {
      const world = World.create(method, SPACE)
      // The call goes on after its program, and ends nothing of its own accord.
      const staying = `await ctx.run(${JSON.stringify(PROGRAM)})
        while (!existsSync(join(here, 'stopped'))) await pause(20)
        return {}`
      const script = verb === 'ctx.run' ? probe(world, staying) : undefined
      const launch = new Launch(world, verb, PROGRAM, OPTIONS[verb], script)
      const { run_id, main } = await launch.begin('s')
      const deaf = join(world.path, 'deaf')
      const child = await until('the child to ignore TERM', () =>
        existsSync(deaf) ? Number(readFileSync(deaf, 'utf8')) : 0,
      )
      await launch.seen(run_id, [child])
      // What is left of a background run is ended when its main process has: here that takes as long as we like.
      const patient = verb === 'start' ? launch.call(['stop', run_id, '--kill-after', '1h']) : null
      if (!patient) expect(await world.witness.kill(main, 'SIGKILL')).toBe(true)
      const canary = await Canary.start(world, 'main', main.pid)
      expect(launch.read(run_id, 'end')).toBeNull()
      const stopped = await launch.call([
        'stop',
        run_id,
        ...(patient ? ['--force'] : ['--kill-after', '300ms']),
      ])
      world.file('stopped', '')
      expect(stopped.code, stopped.stdout).toBe(0)
      expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
      if (patient) expect((await patient).code).toBe(0)
      const signal = patient ? 'SIGTERM' : 'SIGKILL'
      expect(await launch.record(run_id, 'end')).toMatchObject({ signal, survivors: [] })
      await until('the canary to be alone', async () =>
        (await world.survivors()).every(({ comm }) => comm === canary.process.comm),
      )
      await canary.expectUntouched('the end')
      await canary.end()
      await world.nothingLeft()
    },
  )
})
