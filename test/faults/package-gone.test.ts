/**
 * The package goes while its runs go on, or is installed anew under them: runs are still ended by their lifetime, by
 * their guard, and by a stop of the installation that is there then.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Installation } from './harness/installation.js'
import { Launch } from './harness/launch.js'
import { withinLifetime } from './harness/lifetimes.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

/** One child in the group, one in a session of its own. */
const FAMILY = [
  'sh',
  '-c',
  'sleep 3600 & echo $! >"child.$$"; setsid sleep 3600 & echo $! >>"child.$$"; exec sleep 3600',
]

inEveryWay(['start', 'run'], ({ verb, method }) => {
  test.each(['deleted', 'replaced'])(
    'the package is %s: a lifetime, a guard and a stop end their runs',
    async fate => {
      const { world, launch, lifetime, guard, stop, caller } = await withinLifetime(
        () => World.create(method),
        (made, max_lifetime) => withoutPackage(made, verb, fate, max_lifetime),
      )
      const was_there = await world.witness.kill(guard.owner, 'SIGKILL')
      const stopped = await world.call(['stop', stop.run_id], caller)
      expect(stopped.code, stopped.stdout).toBe(0)
      expect(stopped.envelope.data.stopped).toMatchObject([{ survivors: [] }])
      await world.nothingLeft()
      const ends = [lifetime, guard, stop].map(({ run_id }) => launch.read(run_id, 'end'))
      for (const end of ends) expect(end).toMatchObject({ survivors: [], leftovers: [] })
      expect(was_there).toBe(true)
      expect(ends.map(({ stop_cause }) => stop_cause)).toEqual(['max_lifetime', 'owner_lost', 'user'])
    },
  )
})

/** Three runs of a package that went while they ran; the first one has a lifetime. */
async function withoutPackage(world: World, verb: 'start' | 'run', fate: string, max_lifetime: string) {
  const installation = new Installation(world)
  const begin = async (session: string, options: readonly string[] = []) => {
    const launch = new Launch(world, verb, FAMILY, options, installation.script)
    const recorded = await launch.begin(session)
    await launch.seen(recorded.run_id, await world.pidsIn(`child.${recorded.main.pid}`, 2))
    return { launch, recorded }
  }
  const begun = [begin('lifetime', ['--max-lifetime', max_lifetime]), begin('guard'), begin('stop')] as const
  const [{ launch, recorded: lifetime }, { recorded: guard }, { recorded: stop }] = await Promise.all(begun)
  installation.delete()
  if (fate === 'replaced') installation.install()
  // Where none is there any more, another one.
  const caller = fate === 'replaced' ? { script: installation.script } : {}
  return { world, launch, lifetime, guard, stop, caller }
}

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
