/** Many at once: nothing is lost, nothing is ended twice, nobody is told what is not so, and nothing is left. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay } from './harness/ways.js'
import { World, type WorldAnswer } from './harness/world.js'

const SLEEPER = ['sleep', '3600']
/** It ends a hang: a crowd may take its time. */
const MANY_MS = 120_000
const CROWDS = { start: 100, run: 40 }

const times = <T>(count: number, work: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => work(index))

inEveryWay(['start', 'run'] as const, ({ verb, method }) => {
  const crowd = CROWDS[verb]

  test(`${crowd} at once each run their program, once, and one stop of their session ends them all`, async () => {
    const world = World.create(method)
    const launch = new Launch(world, verb, SLEEPER)
    const calls = await Promise.all(times(crowd, () => world.exec(launch.argv('crowd'))))
    if (verb === 'start')
      for (const { code, stdout } of await Promise.all(calls.map(({ answer }) => answer)))
        expect(code, stdout).toBe(0)
    const mains = () => launch.run_ids.flatMap(run_id => launch.read(run_id, 'main')?.main.pid ?? [])
    await until('all of them to run', () => mains().length >= crowd, MANY_MS)
    await until('all programs', async () => (await named(world, 'sleep')).length >= crowd, MANY_MS)
    expect((await named(world, 'sleep')).sort()).toEqual(mains().sort())

    const stopped = await world.call(['session', 'stop', 'crowd'])
    expect(await named(world, 'sleep')).toEqual([])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toHaveLength(crowd)
    expect(new Set(outcomesOf([stopped]))).toEqual(new Set(['stopped']))
    await world.nothingLeft()
  })

  test(`of ${crowd} stops of one run at once each says that it has ended, and it has one end`, async () => {
    const world = World.create(method)
    // What ignores TERM lives until the grace is over, so that many of them join.
    const program = ['sh', '-c', `trap '' TERM; sleep 3600 & : >ready; while :; do sleep 1; done`]
    const launch = new Launch(world, verb, program)
    const { run_id, main } = await launch.begin('one')
    await until('it to ignore TERM', () => existsSync(join(world.path, 'ready')))
    const answers = await Promise.all(
      times(crowd, async () => {
        const answer = await world.call(['stop', run_id, '--kill-after', '2s'])
        const left = (await world.survivors()).filter(({ pid, comm }) => pid === main.pid || comm === 'sleep')
        return { answer, left }
      }),
    )
    expect(answers.flatMap(({ left }) => left)).toEqual([])
    expect(answers.map(({ answer }) => answer.code)).toEqual(times(crowd, () => 0))
    for (const outcome of outcomesOf(answers.map(({ answer }) => answer)))
      expect(['stopped', 'already_ended']).toContain(outcome)
    const ends = answers.map(({ answer }) => answer.envelope.data.stopped[0])
    for (const { exit_reason, stop_cause } of ends)
      expect({ exit_reason, stop_cause }).toEqual({ exit_reason: 'forced_kill', stop_cause: 'user' })
    await world.nothingLeft()
  })
})

inEveryWay(['start'], ({ verb, method }) => {
  test('starts that race the stop of their session are refused, or ended by it, or come after it and live', async () => {
    const world = World.create(method)
    const launch = new Launch(world, verb, SLEEPER)
    const before = times(10, () => world.exec(launch.argv('raced')))
    const stops = times(3, async () => {
      await launch.runOf('raced')
      return world.call(['session', 'stop', 'raced'])
    })
    const during = times(20, async index => {
      await before[index % before.length]?.then(({ answer }) => answer)
      return world.exec(launch.argv('raced'))
    })
    const starts = await Promise.all([...before, ...during].map(async call => (await call).answer))
    for (const { code, stdout } of await Promise.all(stops)) expect(code, stdout).toBe(0)

    const living = new Set(await named(world, 'sleep'))
    for (const start of starts) {
      const { data, error } = start.envelope
      if (data === null) {
        expect(error.code, start.stdout).toMatch(/^S(?:ESSION_STOPPING|TOPPED_BEFORE_START)$/)
        continue
      }
      if (living.delete(data.background_pid)) continue
      expect(launch.read(data.run_id, 'end'), start.stdout).toMatchObject({ stop_cause: 'session_stop' })
    }
    expect([...living], 'programs of starts that were refused').toEqual([])
    const last = await world.call(['session', 'stop', 'raced'])
    expect(last.code, last.stdout).toBe(0)
    await world.nothingLeft()
    for (const run_id of launch.run_ids) expect(launch.read(run_id, 'end')).toMatchObject({ survivors: [] })
  })
})

const outcomesOf = (answers: readonly WorldAnswer[]): string[] =>
  answers.flatMap(({ envelope }) => envelope.data.stopped.map(({ outcome }: { outcome: string }) => outcome))

/** The pids of the living programs of a name. */
const named = async (world: World, comm: string): Promise<number[]> =>
  (await world.survivors()).filter(one => one.comm === comm).map(({ pid }) => pid)
