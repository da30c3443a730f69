/** `children.pids` names somebody else, or nobody: it is for people, and neither makes us signal nor keeps us from it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

const PROGRAM = ['sh', '-c', 'sleep 3600 & exec sleep 3600']

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  test.each([
    ['stop', (run_id: string) => ['stop', run_id]],
    ['session stop', () => ['session', 'stop', 's']],
    ['cleanup', () => ['cleanup', '--session', 's']],
  ] as const)('%s ends the run, and nobody whom the file names instead', async (_, words) => {
    const world = World.create(method)
    const canary = await world.exec(['sleep', '3601'])
    const launch = new Launch(world, verb, PROGRAM)
    const { run_id, main } = await launch.begin('s')
    const file = join(launch.state, 'sessions/s/children.pids')
    // It is written a moment after the record.
    await until('the pid file', () => existsSync(file) && readFileSync(file, 'utf8') === `${main.pid}\n`)
    writeFileSync(file, `${canary.pid}\n`)
    const ended = await launch.call(words(run_id))
    expect(ended.code, ended.stdout).toBe(0)
    expect(ended.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
    expect(await canary.kill('SIGKILL')).toBe(true)
    expect((await canary.answer).signal).toBe('SIGKILL')
    await world.nothingLeft()
  })
})
