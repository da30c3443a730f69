/**
 * SIGKILL to the shim, or to the guard that goes on with its work, or to the cleanup that goes on after both, at any
 * system call of its life. After the shim the guard ends the run with nobody calling, or lists what may be somebody
 * else's; after both the next cleanup ends it.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { inBatches } from './harness/batches.js'
import { canTrace, KillAt, type Moment, type Victim } from './harness/kill-at.js'
import { Launch } from './harness/launch.js'
import { randomIntegers, SEED } from './harness/random.js'
import { inEveryWay } from './harness/ways.js'
import { commandOf, World } from './harness/world.js'

/**
 * Ends by itself, so that its shim goes on to the last of what it does: first of all to end the two that are left. One
 * of them is tied to the run by its group, the other, where nobody looked in time, by its environment alone.
 */
const DAEMON = 'sleep 3600'
const ENDING = ['sh', '-c', `setsid ${DAEMON} & sleep 7200 & sleep 0.1`]
const STAYING = ['sh', '-c', 'setsid sleep 3600 & sleep 7200 & sleep 3600']
const STUBBORN = ['sh', '-c', "trap '' TERM; sleep 7200 & while :; do sleep 1; done"]
const MOMENTS = 30
const AT_ONCE = 3
/** It ends a hang: all that were killed last are settled at once. */
const SETTLING_MS = 120_000
/** More calls than any life has. */
const NEVER: Moment = `before call ${1_000_000_000}`

const is_traceable = canTrace()
const traced = is_traceable ? '' : ' (needs ptrace)'

inEveryWay(['start'], ({ verb, method }) => {
  test.skipIf(!is_traceable)(
    `a shim killed at ${MOMENTS} random moments leaves nothing but what the end of its run lists, and that goes with a cleanup${traced}`,
    async () => {
      const world = World.create(method)
      const launch = new Launch(world, verb, ENDING)
      const life = async (session: string, moment: Moment): Promise<Struck> => {
        const { struck, answer } = await begin(world, launch, session, 'shim', moment)
        await answer
        return struck()
      }
      await atRandom(life)
      const isSettled = async (): Promise<boolean> => {
        const others = (await world.survivors()).filter(({ comm }) => comm !== 'sleep')
        return others.length === 0 && withoutEnd(launch).length === 0
      }
      await until('every run to have an end, and its holders to be gone', isSettled, SETTLING_MS).catch(
        async (error: Error) => {
          const lives = (await world.survivors()).map(({ pid, comm }) => `${pid} ${comm}`)
          const open = withoutEnd(launch).map(run_id => [
            run_id,
            readdirSync(join(launch.state, 'runs', run_id)),
          ])
          expect.fail(`${error.message}; FAULT_SEED=${SEED}; ${JSON.stringify([open, lives])}`)
        },
      )
      const left = await world.survivors()
      const ends = launch.run_ids.map(run_id => launch.read(run_id, 'end'))
      const listed = ends.flatMap(({ leftovers }) => leftovers.map(pidOf))
      expect(listed, `FAULT_SEED=${SEED}`).toEqual(expect.arrayContaining(left.map(({ pid }) => pid)))
      expect(new Set(left.map(({ pid }) => commandOf(pid))), `FAULT_SEED=${SEED}`).toEqual(
        new Set(left.map(() => DAEMON)),
      )
      const cleanup = await launch.call(['cleanup', '--all-sessions'])
      expect(cleanup.code, `FAULT_SEED=${SEED}: ${cleanup.stdout}`).toBe(0)
      await world.nothingLeft()
      await allEnded(launch)
    },
  )

  test.skipIf(!is_traceable)(
    `a guard killed at ${MOMENTS} random moments of its work leaves nothing that cleanup does not end${traced}`,
    async () => {
      const world = World.create(method)
      const launch = new Launch(world, verb, STAYING)
      const life = async (session: string, moment: Moment): Promise<Struck> => {
        const { struck, answer } = await begin(world, launch, session, 'guard', moment)
        const { code, stdout } = await answer
        // Killed as it begins, it lets nothing be started.
        if (code !== 0) expect(JSON.parse(stdout).error.code, stdout).toBe('START_FAILED')
        else {
          const { owner } = await launch.running(session)
          expect(await world.witness.kill(owner, 'SIGKILL')).toBe(true)
        }
        return struck()
      }
      await atRandom(life)
      const cleanup = await launch.call(['cleanup', '--all-sessions'])
      expect(cleanup.code, `FAULT_SEED=${SEED}: ${cleanup.stdout}`).toBe(0)
      await world.nothingLeft()
      await allEnded(launch)
    },
  )

  test.skipIf(!is_traceable)(
    `a cleanup of lost runs killed at ${MOMENTS} random moments leaves nothing that the next one does not end${traced}`,
    async () => {
      const world = World.create(method)
      const launch = new Launch(world, verb, STUBBORN)
      const life = async (session: string, moment: Moment): Promise<Struck> => {
        const { guard, owner } = await launch.begin(session)
        for (const holder of [guard, owner]) expect(await world.witness.kill(holder, 'SIGKILL')).toBe(true)
        const kill = new KillAt(world, session, 'caller', moment)
        await launch.call(['cleanup', '--session', session, '--kill-after', '100ms'], kill.argv)
        return kill.struck()
      }
      await atRandom(life)
      const cleanup = await launch.call(['cleanup', '--all-sessions', '--kill-after', '100ms'])
      expect(cleanup.code, `FAULT_SEED=${SEED}: ${cleanup.stdout}`).toBe(0)
      await world.nothingLeft()
      await allEnded(launch)
    },
  )
})

/** The runs on record that have none. */
const withoutEnd = (launch: Launch): string[] =>
  launch.run_ids.filter(run_id => launch.read(run_id, 'end') === null)

const pidOf = ({ identity }: { identity: { pid: number } }): number => identity.pid

type Struck = Awaited<ReturnType<KillAt['struck']>>

async function begin(world: World, launch: Launch, session: string, victim: Victim, moment: Moment) {
  const kill = new KillAt(world, session, victim, moment)
  const { answer } = await world.exec([...kill.argv, ...launch.argv(session)])
  return { answer, struck: () => kill.struck() }
}

/** Lives one life whole, and then many that end at some of its system calls. */
async function atRandom(life: (session: string, moment: Moment) => Promise<Struck>): Promise<void> {
  // The first one also tries what the machine can do, and the others do not.
  await life('first', NEVER)
  let { calls: shortest } = await life('whole', NEVER)
  const random = randomIntegers()
  const struck = await inBatches([...Array(MOMENTS).keys()], AT_ONCE, async index => {
    const one = await life(`s${index}`, `before call ${1 + random(shortest)}`)
    // A life goes through all processes of the machine, so each has another length.
    if (!one.killed) shortest = Math.min(shortest, one.calls)
    return one
  })
  const killed = struck.filter(one => one.killed).length
  expect(killed, `FAULT_SEED=${SEED}, of ${shortest} calls`).toBeGreaterThan(MOMENTS / 3)
}

/** Every run on record has its end there, and nobody shows anything else. */
async function allEnded(launch: Launch): Promise<void> {
  for (const run_id of launch.run_ids)
    expect(launch.read(run_id, 'end'), `FAULT_SEED=${SEED}`).toMatchObject({ run_id, survivors: [] })
  expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
}
