/** Two write the same record of a run in the same moment: the first one's stands, and the other one acts by it. */
import { existsSync, linkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { canTrace, KillAt } from './harness/kill-at.js'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { World } from './harness/world.js'

const is_traceable = canTrace()
const traced = is_traceable ? '' : ' (needs ptrace)'
/** Says that it was started. */
const PROGRAM = ['sh', '-c', ': >ran; exec sleep 3600']

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  const victim = verb === 'start' ? 'shim' : 'caller'

  test.skipIf(!is_traceable)(
    `an owner that claims its run after somebody else has ended it starts nothing${traced}`,
    async () => {
      const world = World.create(method)
      const launch = new Launch(world, verb, PROGRAM)
      const hold = new KillAt(world, 'owner', victim, 'hold link /owner.json')
      const { pid } = await world.exec([...hold.argv, ...launch.argv('s')])
      const goOn = await hold.held()
      const run_id = await launch.runOf('s')
      // Without its starter the run is given up by whoever looks after it, and nobody has asked its owner for anything.
      if (verb === 'start') await killStarter(world, pid)
      const ended = await launch.call(verb === 'start' ? ['cleanup'] : ['stop', run_id])
      expect(ended.code, ended.stdout).toBe(0)
      expect(launch.read(run_id, 'owner')).toMatchObject({ abandoned: true })
      goOn()
      await world.nothingLeft()
      expect(existsSync(join(world.path, 'ran'))).toBe(false)
      expect(launch.read(run_id, 'main')).toBeNull()
      expect(launch.read(run_id, 'end')).toMatchObject({ exit_reason: 'start_failed' })
    },
  )

  test.skipIf(!is_traceable)(
    `an end that is recorded while the owner writes its own stays as it is${traced}`,
    async () => {
      const world = World.create(method)
      const launch = new Launch(world, verb, ['true'])
      const hold = new KillAt(world, 'owner', victim, 'hold link /end.json')
      const { answer } = await world.exec([...hold.argv, ...launch.argv('s')])
      const goOn = await hold.held()
      const run_id = await launch.runOf('s')
      const first = JSON.stringify(theEndOf(run_id, launch.read(run_id, 'owner').owner))
      linkSync(world.file('first.json', first), join(launch.state, 'runs', run_id, 'end.json'))
      goOn()
      await answer
      await world.nothingLeft()
      expect(JSON.stringify(launch.read(run_id, 'end'))).toBe(first)
      const { data } = (await launch.call(['show', run_id])).envelope
      expect(data).toMatchObject({ exit_code: 77, alive: false, owner: 'none' })
    },
  )
})

async function killStarter(world: World, tracer: number): Promise<void> {
  const starter = (await world.survivors()).find(({ ppid, comm }) => ppid === tracer && comm !== 'kill-at')
  if (!starter) throw new Error('the starter has gone')
  expect(await world.witness.kill(starter, 'SIGKILL')).toBe(true)
  await until('the starter to be gone', async () =>
    (await world.survivors()).every(({ pid }) => pid !== starter.pid),
  )
}

/** What nobody but this test would write: it can be told from the owner's. */
function theEndOf(run_id: string, recorder: object): object {
  const at = new Date().toISOString()
  return {
    schema_version: '1.0',
    run_id,
    exit_code: 77,
    signal: null,
    exit_reason: 'natural',
    stop_cause: null,
    reconcile_reason: null,
    started_at: at,
    main_exited_at: at,
    ended_at: at,
    error: null,
    descendants_killed: 0,
    survivors: [],
    leftovers: [],
    recorder,
  }
}
