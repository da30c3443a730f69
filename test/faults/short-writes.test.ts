/**
 * The system takes a part of a record and no more: a limit of file sizes does that at the byte (RLIMIT_FSIZE,
 * setrlimit(2)). A record is then whole or not there, and what cannot be recorded does not run.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

/** In the units of ulimit, 512 bytes: less than an intent with long arguments, than an owner's space for the end. */
const LIMITS = [1, 4, 16, 40]
const ARGUMENT = 'x'.repeat(12_000)

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  test('a start whose records are cut short starts nothing, says so, and leaves no part of a record', async () => {
    const world = World.create(method)
    const launch = new Launch(world, verb, ['sh', '-c', ': >ran; exec sleep 3600', ARGUMENT])
    // What a machine is asked only once is on record then.
    expect((await launch.call(['doctor'])).code).toBe(0)
    for (const limit of LIMITS) {
      const argv = ['sh', '-c', `ulimit -f ${limit}; exec "$@"`, 'sh', ...launch.argv(`s${limit}`)]
      const { answer } = await world.exec(argv)
      const { code, signal, stdout, stderr } = await answer
      expect(signal, stderr).toBeNull()
      expect(code, stdout + stderr).not.toBe(0)
      expect(existsSync(join(world.path, 'ran'))).toBe(false)
    }
    await world.nothingLeft()
    for (const path of recordsBelow(launch.state))
      expect(() => JSON.parse(readFileSync(path, 'utf8')), path).not.toThrow()
    const { runs } = (await launch.call(['ps', '--all'])).envelope.data
    for (const run of runs)
      expect(run, JSON.stringify(run)).toMatchObject({ status: 'failed', owner: 'none' })
    expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
  })
})

function recordsBelow(state: string): string[] {
  const runs = join(state, 'runs')
  if (!existsSync(runs)) return []
  return readdirSync(runs).flatMap(run_id =>
    readdirSync(join(runs, run_id))
      .filter(name => name.endsWith('.json'))
      .map(name => join(runs, run_id, name)),
  )
}
