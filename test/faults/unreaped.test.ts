/**
 * Below a process 1 that reaps nobody: what has ended stays as a zombie, its owner and its guard too. A zombie is not
 * alive, holds no run, is nobody's leftover, and is not waited for.
 */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { canTrace } from './harness/kill-at.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, World } from './harness/world.js'

/** Leaves orphans that end, below whoever adopts them, and goes on. */
const LEAVING = ['sh', '-c', ': $(sh -c "sleep 0.1 & setsid sleep 0.1 &"); : >left; exec sleep 3600']

const is_traceable = canTrace()

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test('a run that is stopped is over, and so is one whose owner was killed', async () => {
    const { world, launch } = await unreaped(way)
    const stopped = await launch.begin('stopped')
    await orphansEnded(world)
    const answer = await launch.call(['stop', stopped.run_id])
    expect(answer.code, answer.stdout).toBe(0)
    expect(answer.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])

    const lost = await launch.begin('lost')
    await orphansEnded(world)
    expect(await world.witness.kill(lost.owner, 'SIGKILL')).toBe(true)
    expect(await launch.record(lost.run_id, 'end')).toMatchObject({ stop_cause: 'owner_lost', survivors: [] })
    await zombiesLeft(world, launch, [stopped.run_id, lost.run_id])
  })

  test('one whose owner and guard were killed is lost, and a cleanup ends it', async () => {
    const { world, launch } = await unreaped(way)
    const { run_id, owner, guard } = await launch.begin('lost')
    await orphansEnded(world)
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const)
      for (const holder of [guard, owner]) expect(await world.witness.kill(holder, signal)).toBe(true)
    await until('ps to call it lost', async () => {
      const { runs } = (await launch.call(['ps'])).envelope.data
      return runs.some((run: { owner: string }) => run.owner === 'lost')
    })
    const cleanup = await launch.call(['cleanup'])
    expect(cleanup.code, cleanup.stdout).toBe(0)
    expect(cleanup.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
    await zombiesLeft(world, launch, [run_id])
  })

  test.skipIf(!is_traceable)(
    `one whose main process is a zombie of somebody who traces it is over${is_traceable ? '' : ' (needs ptrace)'}`,
    async () => {
      const world = World.create(way.method)
      const launch = new Launch(world, way.verb, ['sleep', '3600'])
      const { run_id, main } = await launch.begin('s')
      const tracer = await world.exec([program('tracer'), String(main.pid)])
      await until('it to be traced', () => existsSync(join(world.path, 'tracing')))
      const stopped = await launch.call(['stop', run_id, '--kill-after', '200ms'])
      expect(stopped.code, stopped.stdout).toBe(0)
      // Nobody told its owner how it ended.
      const how = { outcome: 'stopped', exit_reason: 'runtime_error', survivors: [] }
      expect(stopped.envelope.data.stopped).toMatchObject([how])
      expect((await world.witness.list()).find(({ pid }) => pid === main.pid)?.state).toBe('Z')
      expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
      expect(await tracer.kill('SIGKILL')).toBe(true)
      await world.nothingLeft()
    },
  )

  test('one that ends by itself is over, and its session is stopped without waiting for anybody', async () => {
    const { world } = await unreaped(way)
    const launch = new Launch(world, way.verb, ['sh', '-c', ': $(setsid -f true); exit 7'])
    const { answer } = await world.exec(launch.argv('s'))
    const run_id = await launch.runOf('s')
    expect(await launch.record(run_id, 'end')).toMatchObject({ exit_code: 7, survivors: [], leftovers: [] })
    await answer
    const stopped = await launch.call(['session', 'stop', 's'])
    expect(stopped.code, stopped.stdout).toBe(0)
    await over(world, launch, [run_id])
  })
})

async function unreaped({ verb, method }: Way) {
  const world = World.create(method)
  await world.witness.reapAdopted(false)
  return { world, launch: new Launch(world, verb, LEAVING) }
}

/** What the program leaves behind ends; one that is killed before has leftovers to tell of. */
async function orphansEnded(world: World): Promise<void> {
  const left = join(world.path, 'left')
  await until('its orphans to have ended', () => existsSync(left))
  rmSync(left)
}

/** As `over`, and there are zombies. */
async function zombiesLeft(world: World, launch: Launch, run_ids: readonly string[]): Promise<void> {
  expect((await world.witness.list()).map(({ state }) => state)).toContain('Z')
  await over(world, launch, run_ids)
}

/** Nothing lives, whatever zombies there are, and nobody takes those for more than that. */
async function over(world: World, launch: Launch, run_ids: readonly string[]): Promise<void> {
  await until('nothing to live', async () => (await world.survivors()).length === 0)
  expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
  for (const run_id of run_ids) {
    const { data } = (await launch.call(['show', run_id])).envelope
    expect(data).toMatchObject({ alive: false, owner: 'none', leftovers: [] })
  }
  const again = await launch.call(['cleanup', '--all-sessions'])
  expect(again.code, again.stdout).toBe(0)
  expect(again.envelope.data.stopped).toEqual([])
  await world.witness.reapAdopted(true)
  await world.nothingLeft()
}
