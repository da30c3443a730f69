/**
 * SIGKILL to the owner of a run, a shim or the call itself, at each moment that matters: on both sides of everything
 * that it writes down, starts, and signals. Its guard ends the run with nobody calling, and the run has one end.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { probe } from '../e2e/tracked/probe.js'
import { inBatches } from './harness/batches.js'
import { canTrace, KillAt, type Moment } from './harness/kill-at.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import type { Below } from './harness/witness.js'
import { commandOf, World } from './harness/world.js'

/** The first process that an owner starts is its guard, the second the program. */
const STARTING: readonly Moment[] = [
  'after fork 1',
  'before link /owner.json',
  'after link /owner.json',
  'after fork 2',
  'before link /main.json',
  'after link /main.json',
]
/** Of a run that is stopped and does not obey TERM. */
const ENDING: readonly Moment[] = [
  'before signal 15',
  'after signal 15',
  'before signal 9',
  'after signal 9',
  'before link /end.json',
  'after link /end.json',
  'before unlink /live/',
  'after unlink /live/',
]
/** Of a run whose program ends by itself. */
const RECORDING = ENDING.slice(ENDING.indexOf('before link /end.json'))
const AT_ONCE = 3
/** One that lives, and one that has ended when the guard comes, and left another in its session. */
const PROGRAMS = [
  ['sleep', '3600'],
  ['sh', '-c', 'sleep 3600 & exit 0'],
]
/**
 * Ignores TERM, as do its children, and says in a file of its own when it does. Its pid is a fraction of what they are
 * told to sleep: by that they are known, whoever is their parent.
 */
const STUBBORN = ['sh', '-c', "trap '' TERM; sleep 3600.$$ & : >ready.$$; while :; do sleep 1.$$; done"]
const ENDING_BY_ITSELF = ['sh', '-c', 'sleep 0.2; exit 3']
/** One obeys, one ignores TERM, and one leaves an orphan in a session of its own that does, once it was seen. */
const SEVERAL = [
  ['sleep', '3600'],
  STUBBORN,
  [
    'sh',
    '-c',
    `(setsid sh -c "trap '' TERM; echo \\$\\$ >orphan; exec sleep 3600" &
      until [ -e seen ]; do sleep 0.05; done) &
    echo $$ >parent; exec sleep 3600`,
  ],
]

const is_traceable = canTrace()
const traced = is_traceable ? '' : ' (needs ptrace)'

inEveryWay(['start', 'run', 'ctx.run'], way => {
  test.skipIf(!is_traceable).each(PROGRAMS.map(program => ({ program })))(
    `an owner killed on either side of what it does for a start of $program leaves nothing${traced}`,
    async ({ program }) => {
      const world = World.create(way.method)
      await warmUp(world, way)
      const launch = new Launch(world, way.verb, program)
      await inBatches(STARTING, AT_ONCE, async moment => {
        const { answer, struck } = await begin(world, launch, way, moment)
        expect(await struck(), moment).toMatchObject({ killed: true })
        const { code, stdout } = await answer
        if (way.verb === 'start') expect(JSON.parse(stdout), moment).toMatchObject({ ok: false })
        expect(code, moment).not.toBe(0)
      })
      await world.nothingLeft()
      await allEnded(launch, STARTING)
    },
  )

  test.skipIf(!is_traceable)(
    `an owner killed on either side of what it does for a stop leaves nothing, and the stop says so${traced}`,
    async () => {
      const world = World.create(way.method)
      await warmUp(world, way)
      const launch = new Launch(world, way.verb, STUBBORN)
      await inBatches(ENDING, AT_ONCE, async moment => {
        const { struck } = await begin(world, launch, way, moment)
        const { run_id, main } = await launch.running(sessionOf(moment))
        await until(`${moment}: the program ${main.pid} to ignore TERM`, async () => {
          const is_ready = existsSync(join(world.path, `ready.${main.pid}`))
          return is_ready && (await sleepsOf(world, main.pid)).length > 0
        })
        const stopped = await launch.call(['stop', run_id, '--kill-after', '300ms'])
        const family = (await world.survivors()).filter(({ pid, ppid }) => [pid, ppid].includes(main.pid))
        const left = [...family, ...(await sleepsOf(world, main.pid))]
        expect(left, `${moment}: ${stopped.stdout}`).toEqual([])
        expect(stopped.code, `${moment}: ${stopped.stdout}`).toBe(0)
        expect(stopped.envelope.data.stopped, moment).toMatchObject([{ run_id, survivors: [] }])
        expect(await struck(), moment).toMatchObject({ killed: true })
      })
      await world.nothingLeft()
      await allEnded(launch, ENDING)
    },
  )

  test.skipIf(!is_traceable)(
    `an owner killed on either side of recording how its program ended leaves a run that has ended${traced}`,
    async () => {
      const world = World.create(way.method)
      await warmUp(world, way)
      const launch = new Launch(world, way.verb, ENDING_BY_ITSELF)
      await inBatches(RECORDING, AT_ONCE, async moment => {
        const { answer, struck } = await begin(world, launch, way, moment)
        await answer
        expect(await struck(), moment).toMatchObject({ killed: true })
      })
      await world.nothingLeft()
      await allEnded(launch, RECORDING)
    },
  )
})

inEveryWay(['ctx.run'], ({ verb, method }) => {
  test('a call killed while it has several tracked children leaves nothing of any, and each run has its end', async () => {
    const world = World.create(method)
    const script = probe(
      world,
      `await Promise.all(${JSON.stringify(SEVERAL)}.map(argv => ctx.run(argv)))
      return {}`,
    )
    const launch = new Launch(world, verb, [], [], script)
    const call = await world.exec(launch.argv('s'))
    await until('a run of each', () => launch.run_ids.length === SEVERAL.length)
    for (const run_id of launch.run_ids) await launch.record(run_id, 'main')
    const [orphan = 0] = await world.pidsIn('orphan', 1)
    const parents = await world.pidsIn('parent', 1)
    const run_id = launch.run_ids.find(one => parents.includes(launch.read(one, 'main').main.pid))
    await launch.seen(run_id ?? '', [orphan])
    const parentOf = async () => (await world.survivors()).find(({ pid }) => pid === orphan)?.ppid
    const before = await parentOf()
    world.file('seen', '')
    await until('its parent to end', async () => (await parentOf()) !== before)
    expect(await parentOf()).toBeDefined()
    expect(await call.kill('SIGKILL')).toBe(true)
    await world.nothingLeft()
    for (const run_id of launch.run_ids)
      expect(launch.read(run_id, 'end'), run_id).toMatchObject({
        run_id,
        stop_cause: 'owner_lost',
        survivors: [],
        leftovers: [],
      })
    expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
  })
})

const sleepsOf = async (world: World, main_pid: number): Promise<Below[]> =>
  (await world.survivors()).filter(({ pid }) => {
    const command = commandOf(pid)
    return command.startsWith('sleep ') && command.endsWith(`.${main_pid}`)
  })

const sessionOf = (moment: Moment): string => moment.replaceAll(/\W/g, '-')

async function begin(world: World, launch: Launch, { verb }: Way, moment: Moment) {
  const session = sessionOf(moment)
  const kill = new KillAt(world, session, verb === 'start' ? 'shim' : 'caller', moment)
  const { answer } = await world.exec([...kill.argv, ...launch.argv(session)])
  return { answer, struck: () => kill.struck() }
}

/** What is tried only once on a machine, in processes of its own, is tried. */
async function warmUp(world: World, { verb }: Way): Promise<void> {
  const { answer } = await world.exec(new Launch(world, verb, ['true']).argv('warm'))
  expect((await answer).code).toBe(0)
}

/** Every run has its end on record, `ps` shows none, and there is nothing that a cleanup could do. */
async function allEnded(launch: Launch, moments: readonly Moment[]): Promise<void> {
  for (const moment of moments) {
    const run_id = await launch.runOf(sessionOf(moment))
    expect(launch.read(run_id, 'end'), moment).toMatchObject({ run_id, survivors: [], leftovers: [] })
    const { data } = (await launch.call(['show', run_id])).envelope
    expect(data, moment).toMatchObject({ owner: 'none', alive: false, leftovers: [] })
    expect(['failed', 'killed', 'unknown'], moment).toContain(data.status)
  }
  expect((await launch.call(['ps'])).envelope.data.runs).toEqual([])
  const cleanup = await launch.call(['cleanup', '--all-sessions'])
  expect(cleanup.code, cleanup.stdout).toBe(0)
  expect(cleanup.envelope.data.stopped).toEqual([])
}
