/**
 * The package goes while its runs go on, or is installed anew under them: runs are still ended by their lifetime, by
 * their guard, and by a stop of the installation that is there then.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Installation } from './harness/installation.js'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

/** One child in the group, one in a session of its own. */
const FAMILY = [
  'sh',
  '-c',
  'sleep 3600 & echo $! >"child.$$"; setsid sleep 3600 & echo $! >>"child.$$"; exec sleep 3600',
]
/** Less than the row may take, more than it takes to get to the end of the package. */
const LIFETIME = ['--max-lifetime', '6s']

inEveryWay(['start', 'run'], ({ verb, method }) => {
  test.each(['deleted', 'replaced'])(
    'the package is %s: a lifetime, a guard and a stop end their runs',
    async fate => {
      const world = World.create(method)
      const installation = new Installation(world)
      const bounded = new Launch(world, verb, FAMILY, LIFETIME, installation.script)
      const free = new Launch(world, verb, FAMILY, [], installation.script)
      const calls = await Promise.all([
        world.exec(bounded.argv('lifetime')),
        world.exec(free.argv('guard')),
        world.exec(free.argv('stop')),
      ])
      const runs = await Promise.all(['lifetime', 'guard', 'stop'].map(session => free.running(session)))
      for (const { run_id, main } of runs) await free.seen(run_id, await world.pidsIn(`child.${main.pid}`, 2))
      if (verb === 'start') for (const { answer } of calls) expect((await answer).code).toBe(0)

      installation.delete()
      if (fate === 'replaced') installation.install()

      const [lifetime, guard, stop] = runs
      if (!lifetime || !guard || !stop) throw new Error('a run is missing')
      const was_there = await world.witness.kill(guard.owner, 'SIGKILL')
      const stopped = await world.call(['stop', stop.run_id])
      expect(stopped.code, stopped.stdout).toBe(0)
      expect(stopped.envelope.data.stopped).toMatchObject([{ survivors: [] }])
      await world.nothingLeft()
      for (const { run_id } of runs)
        expect(free.read(run_id, 'end')).toMatchObject({ survivors: [], leftovers: [] })
      expect(was_there).toBe(true)
      const causes = [lifetime, guard, stop].map(({ run_id }) => free.read(run_id, 'end').stop_cause)
      expect(causes).toEqual(['max_lifetime', 'owner_lost', 'user'])
    },
  )
})

inEveryWay(['run'], ({ method }) => {
  test.each(['json', 'plain'])(
    "the package is deleted: run keeps its program's exit code, and answers in %s",
    async format => {
      const world = World.create(method)
      const installation = new Installation(world)
      const hold = join(world.path, 'hold')
      writeFileSync(hold, '')
      const program = ['sh', '-c', 'while [ -e "$1" ]; do sleep 0.05; done; exit 7', 'sh', hold]
      const launch = new Launch(world, 'run', program, ['--format', format], installation.script)
      const call = await world.exec(launch.argv('code'))
      await launch.running('code')
      installation.delete()
      rmSync(hold)
      const { code, stderr } = await call.answer
      expect(code, stderr).toBe(7)
      expect(stderr).toContain(format === 'json' ? 'DELEGATED_EXIT' : 'exit code 7')
      await world.nothingLeft()
    },
  )
})
