/**
 * A process of a run is in the middle of an execve(2) while the run is stopped: there it shows neither environment nor
 * arguments (proc_pid_environ(5), proc_pid_cmdline(5)). Its parent, who led its session, has ended, so that by looking
 * nothing but its environment ties it to the run. It is waited for, and not lost.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { canMake, type Space } from './harness/space.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, type Running, World } from './harness/world.js'

/** A mount in a namespace of the test's own is gone with its last process. The file is what will be mounted over. */
const SPACE: Space = { mounts: `: >"$WORLD/program"; ${program('hold-exec')} "$WORLD/program"` }
const can_hold = canMake(SPACE)
const unless = can_hold ? '' : ' (needs FUSE in a user namespace)'
/** How long it is held once the main process has gone: far less than anybody waits for what cannot be told. */
const HELD_MS = 100

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test.skipIf(!can_hold)(
    `a stop does not answer while it is in there, and it is gone when the stop answers${unless}`,
    async () => {
      const { world, launch, run_id, main, held, holder } = await midExec(way)
      const stop = launch.call(['stop', run_id])
      await until('the main process to be gone', async () => !(await lives(world, main.pid)))
      const first = await Promise.race([stop, pause(HELD_MS, 'no answer')])
      expect(isMidExec(held)).toBe(true)
      expect(first).toBe('no answer')
      expect(await holder.kill('SIGUSR1')).toBe(true)
      const stopped = await stop
      expect(await lives(world, held), stopped.stdout).toBe(false)
      expect(stopped.code, stopped.stdout).toBe(0)
      expect(stopped.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
      await nothingLeft(world, holder)
    },
  )

  const is_complete = way.method === 'subreaper'
  test.skipIf(!can_hold)(
    `it stays in there: listed with exit 3, and gone when a stop after its end says so${unless}`,
    async () => {
      const { world, launch, run_id, held, holder } = await midExec(way)
      const first = await launch.call(['stop', run_id, '--kill-after', '0'])
      expect(isMidExec(held)).toBe(true)
      expect(first.code, first.stdout).toBe(3)
      // By looking nobody can tell whose it is: it is left alone.
      const survivors = [{ pid: held, tried: is_complete }]
      expect(first.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'survivors', survivors }])
      expect((await launch.call(['ps'])).envelope.data.runs).toMatchObject([{ run_id, leftovers: 1 }])
      const again = await launch.call(['stop', run_id, '--kill-after', '0'])
      expect(again.code, again.stdout).toBe(3)
      expect(again.envelope.data.stopped).toMatchObject([
        { outcome: 'survivors', survivors: [{ pid: held }] },
      ])

      expect(await holder.kill('SIGUSR1')).toBe(true)
      await until('it to be gone, or to have come through', async () =>
        is_complete ? !(await lives(world, held)) : !isMidExec(held),
      )
      const last = await launch.call(['stop', run_id])
      expect(await lives(world, held), last.stdout).toBe(false)
      expect(last.code, last.stdout).toBe(0)
      expect(last.envelope.data.stopped).toMatchObject([{ run_id, survivors: [] }])
      expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
      await nothingLeft(world, holder)
    },
  )
})

inEveryWay(['start', 'run', 'ctx.run'], way => {
  const is_listed = way.method === 'snapshot'
  const needs = is_listed ? unless : ' (tracked completely nobody has to be told by his environment)'
  test.skipIf(!can_hold || !is_listed)(
    `a daemon is in there when its run ends by itself: the end lists it, once it can be told${needs}`,
    async () => {
      const { world, path, holder, held } = await holding(way)
      const line = `until [ -e begin ]; do sleep 0.05; done; setsid ${path} 3600 & until [ -e end ]; do sleep 0.05; done`
      const launch = new Launch(world, way.verb, ['sh', '-c', line])
      const { run_id, main, owner } = await launch.begin('s')
      // An owner that cannot look sees neither the fork nor what was there before the execve.
      expect(await world.witness.kill(owner, 'SIGSTOP')).toBe(true)
      world.file('begin', '')
      const daemon = await held()
      world.file('end', '')
      await until('the main process to have ended', async () => {
        const found = (await world.witness.list()).find(({ pid }) => pid === main.pid)
        return found?.state === 'Z'
      })
      expect(isMidExec(daemon)).toBe(true)
      expect(await world.witness.kill(owner, 'SIGCONT')).toBe(true)
      await pause(HELD_MS)
      expect(await holder.kill('SIGUSR1')).toBe(true)
      const { survivors, leftovers } = await launch.record(run_id, 'end')
      expect([...survivors, ...leftovers]).toMatchObject([{ identity: { pid: daemon } }])

      const cleanup = await launch.call(['cleanup', '--session', 's'])
      expect(await lives(world, daemon), cleanup.stdout).toBe(false)
      expect(cleanup.code, cleanup.stdout).toBe(0)
      await nothingLeft(world, holder)
    },
  )
})

/** A world with a program whose execve is held until its holder gets USR1, and who is held there first. */
async function holding({ method }: Way) {
  const world = World.create(method, SPACE)
  const path = join(world.path, 'program')
  const stdout = join(world.path, 'holder')
  const holder = await world.exec([program('hold-exec'), path, '/bin/sleep'], { stdout })
  expect(await world.textIn('holder')).toBe('mounted\n')
  const held = () => until('it to be held', () => Number(/^\d+$/m.exec(readFileSync(stdout, 'utf8'))?.[0]))
  return { world, path, holder, held }
}

/** A run of which one process, that nobody has seen before, is held in its execve. */
async function midExec(way: Way) {
  const { world, path, holder, held: whoIsHeld } = await holding(way)
  const line = `${program('exec-apart')} ${path} 3600; exec sleep 3600`
  const launch = new Launch(world, way.verb, ['sh', '-c', line])
  const { run_id, main, owner } = await launch.begin('s')
  const [parent = 0] = await world.pidsIn('apart', 1)
  await launch.seen(run_id, [parent])

  // An owner that cannot look sees neither the fork nor what was there before the execve.
  expect(await world.witness.kill(owner, 'SIGSTOP')).toBe(true)
  const [found] = (await world.survivors()).filter(({ pid }) => pid === parent)
  expect(found && (await world.witness.kill(found, 'SIGUSR1'))).toBe(true)
  const held = await whoIsHeld()
  await until('its parent to have been reaped', async () =>
    (await world.witness.list()).every(({ pid }) => pid !== parent),
  )
  expect(isMidExec(held)).toBe(true)
  expect(await world.witness.kill(owner, 'SIGCONT')).toBe(true)
  return { world, launch, run_id, main, held, holder }
}

/** Whether a process has lost its old program, and has not got the arguments of the new one. */
const isMidExec = (pid: number): boolean =>
  ['environ', 'cmdline'].every(name => readFileSync(`/proc/${pid}/${name}`).length === 0)

const lives = async (world: World, wanted: number): Promise<boolean> =>
  (await world.survivors()).some(({ pid }) => pid === wanted)

async function nothingLeft(world: World, holder: Running): Promise<void> {
  expect(await holder.kill('SIGTERM')).toBe(true)
  await world.nothingLeft()
}
