/**
 * SIGKILL to a call at any system call of its life. Whatever was started is on record or gone, what nobody was told of
 * ends by itself, and one cleanup ends the rest.
 */
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { inBatches } from './harness/batches.js'
import { canTrace, KillAt, type Moment } from './harness/kill-at.js'
import { Launch } from './harness/launch.js'
import { randomIntegers, SEED } from './harness/random.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { World } from './harness/world.js'

/** Its main process ends, so that the call goes on to its end; what it leaves behind does not end by itself. */
const LEAVING = ['sh', '-c', 'sleep 3600 & exit 0']
const PROGRAMS = { start: ['sleep', '3600'], run: LEAVING, 'ctx.run': LEAVING }
const OPTIONS = { start: [], run: ['--grace', '50ms', '--on-leftover', 'terminate'], 'ctx.run': [] }
/** Half of them after the intent was recorded, before which nothing can be started. */
const momentsOf = ({ verb }: Way): number => (verb === 'start' ? 200 : 30)
/** A call that has ended before its moment came is made again, with another one. */
const TRIES = 20
/** Calls that nobody killed. */
const WHOLE = ['first', 'whole'].map(session => ({ session, was_answered: true }))
const AT_ONCE = 3
/** It ends a hang: all that were killed last are settled at once. */
const SETTLING_MS = 120_000
/** More calls than any life has. */
const NEVER = 1_000_000_000

const is_traceable = canTrace()

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test.skipIf(!is_traceable)(
    `a call killed at ${momentsOf(way)} random moments leaves nothing unrecorded, and cleanup leaves nothing${is_traceable ? '' : ' (needs ptrace)'}`,
    () => attacked(way),
  )
})

async function attacked(way: Way): Promise<void> {
  const { verb, method } = way
  const world = World.create(method)
  const launch = new Launch(world, verb, PROGRAMS[verb], OPTIONS[verb])
  // The first call also tries what the machine can do, and the others do not.
  await struckAt(world, launch, 'first', `before call ${NEVER}`)
  let { calls: shortest } = await struckAt(world, launch, 'whole', `before call ${NEVER}`)
  const { calls: intended } = await struckAt(world, launch, 'intended', 'after link intent.json')
  const context = `FAULT_SEED=${SEED}, of ${shortest} calls`
  const indexes = Array.from({ length: momentsOf(way) }, (_, index) => index)
  const told = (
    await inBatches(indexes, AT_ONCE, async index => {
      const calls: { session: string; was_answered: boolean }[] = []
      const random = randomIntegers(SEED + index)
      for (let tries = 1; tries <= TRIES; tries += 1) {
        const session = `s${index}-${tries}`
        const from = index % 2 === 0 ? 1 : Math.min(intended, shortest - 1)
        const moment = `before call ${from + random(shortest - from + 1)}` as const
        const { killed, calls: lived, stdout } = await struckAt(world, launch, session, moment)
        calls.push({ session, was_answered: stdout !== '' })
        if (killed) return calls
        // A call goes through all processes of the machine, so each has another length.
        shortest = Math.min(shortest, lived)
      }
      throw new Error(`${TRIES} calls ended before they could be killed (${context})`)
    })
  ).flat()

  // Without anybody's doing: what the caller was not told of ends, and all else is on record.
  const answered = new Set(
    [...WHOLE, ...told].filter(({ was_answered }) => was_answered).map(({ session }) => session),
  )
  await until(
    `only recorded processes to live (${context})`,
    async () => (await unrecorded(world, launch, answered)).length === 0,
    SETTLING_MS,
  ).catch(async error => {
    throw new Error(`${error.message}: ${JSON.stringify(await unrecorded(world, launch, answered))}`)
  })
  if (verb !== 'start') await world.nothingLeft()

  const cleanup = await launch.call(['cleanup', '--all-sessions'])
  expect(cleanup.code, `${context}: ${cleanup.stdout}`).toBe(0)
  await world.nothingLeft()
  const { runs } = (await launch.call(['ps', '--all', '--limit', '0'])).envelope.data
  const unended = runs.filter(
    ({ status, owner, leftovers }: { status: string; owner: string; leftovers: number }) =>
      ['pending', 'running'].includes(status) || owner !== 'none' || leftovers !== 0,
  )
  expect(unended, context).toEqual([])
  expect((await launch.call(['ps'])).envelope.data.runs, context).toEqual([])
}

async function struckAt(world: World, launch: Launch, session: string, moment: Moment) {
  const kill = new KillAt(world, session, 'caller', moment)
  const { answer } = await world.exec([...kill.argv, ...launch.argv(session)])
  const { stdout, signal } = await answer
  const struck = await kill.struck()
  expect(signal).toBe(struck.killed ? 'SIGKILL' : null)
  return { ...struck, stdout }
}

/** Who lives and is neither on record, with a caller who was told of it, nor below somebody who is. */
async function unrecorded(world: World, launch: Launch, answered: ReadonlySet<string>) {
  const living = await world.survivors()
  const recorded = launch.recordedPids(run_id => answered.has(launch.read(run_id, 'intent')?.session_id))
  const known = new Set(living.map(({ pid }) => pid).filter(pid => recorded.has(pid)))
  for (let before = -1; before !== known.size; ) {
    before = known.size
    for (const { pid, ppid } of living) if (known.has(ppid)) known.add(pid)
  }
  return living.filter(({ pid }) => !known.has(pid))
}
