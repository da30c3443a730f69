/**
 * Daemons that others come to share, a terminal multiplexer and an agent. First started inside a run they are reported
 * and left alone, or ended with all else of a background run that is tracked completely; those that ran before are never
 * signalled.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { reportOf } from '../e2e/run/calls.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { program, World } from './harness/world.js'

const has_tmux = spawnSync('tmux', ['-V']).status === 0
const without = has_tmux ? '' : ' (without tmux, an agent alone)'
const WINDOW = 'sleep 3600'

inEveryWay(['start', 'run', 'ctx.run'], way => {
  const is_ended = way.verb === 'start' && way.method === 'subreaper'
  const becomes = is_ended
    ? 'ended with the run'
    : 'reported and left alone, and ended when somebody asks again'
  test(`first started inside a run, and shared by others: ${becomes}${without}`, async () => {
    const then = way.verb === 'run' ? 'exit 0' : 'exec sleep 3600'
    const { world, launch, run_id, answer, pids } = await sharedInside(way, then)

    if (way.verb === 'run') {
      const { data } = reportOf(await answer)
      const still_running = pids.map(pid => expect.objectContaining({ pid, status: 'still-running' }))
      expect(data.background_processes).toEqual(expect.arrayContaining(still_running))
    } else {
      const first = await launch.call(['stop', run_id])
      expect(first.code, first.stdout).toBe(is_ended ? 0 : 3)
      const left_alone = pids.map(pid => expect.objectContaining({ pid, tried: false }))
      const survivors = is_ended ? [] : expect.arrayContaining(left_alone)
      expect(first.envelope.data.stopped).toMatchObject([{ survivors }])
    }
    if (!is_ended) {
      expect(await asked(world)).toEqual(pids)
      await expectBothWindows(world)
      const again = await launch.call(['stop', run_id])
      expect(again.code, again.stdout).toBe(0)
    }
    await world.nothingLeft()
  })

  if (way.verb === 'run') {
    const is_below = way.method === 'subreaper'
    test.each(['--on-leftover terminate', 'a stop while the program runs'])(
      `first started inside a run in the foreground, and shared by others: %s ${is_below ? 'ends it' : 'leaves it alone, and names it'}${without}`,
      async by => {
        const is_stopped = by === 'a stop while the program runs'
        const then = is_stopped ? 'exec sleep 7200' : 'exit 0'
        const { world, launch, run_id, answer, pids } = await sharedInside(way, then, by)
        const first = is_stopped ? await launch.call(['stop', run_id]) : null
        const { data } = reportOf(await answer)
        if (is_below) {
          await world.nothingLeft()
          expect(first?.code ?? 0).toBe(0)
          return
        }
        expect(await asked(world)).toEqual(pids)
        const still_running = pids.map(pid => expect.objectContaining({ pid, status: 'still-running' }))
        expect(data.background_processes).toEqual(expect.arrayContaining(still_running))
        expect(first?.code ?? 3, first?.stdout).toBe(3)
        expect((await launch.call(['stop', run_id])).code).toBe(0)
        await world.nothingLeft()
      },
    )
  }

  test(`ran before, and only used by the run: never signalled, with what they do for it${without}`, async () => {
    const world = World.create(way.method)
    expect((await world.sh(serve(world))).code).toBe(0)
    const pids = await asked(world)
    const then = way.verb === 'run' ? 'exit 0' : 'exec sleep 3600'
    const launch = new Launch(world, way.verb, ['sh', '-c', `${use(world)}; : >used; ${then}`], graceOf(way))
    const { answer } = await world.exec(launch.argv('s'))
    const run_id = await launch.runOf('s')
    await until('the daemons to have been used', () => existsSync(join(world.path, 'used')))
    if (way.verb === 'run') expect(reportOf(await answer).data.background_processes).toEqual([])
    const stopped = await launch.call(['stop', run_id])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([{ survivors: [] }])
    expect(await asked(world)).toEqual(pids)
    await expectBothWindows(world)
    await world.witness.clear()
  })
})

/** A run inside which the daemons were started between two looks of its owner, and which others use by now. */
async function sharedInside(way: Way, then: string, by = '') {
  const world = World.create(way.method)
  const wait = `until [ -e begin ]; do sleep 0.05; done; ${serve(world)}; : >served`
  const options = [...graceOf(way), ...(by.startsWith('--') ? by.split(' ') : [])]
  const launch = new Launch(world, way.verb, ['sh', '-c', `${wait}; ${then}`], options)
  const { run_id, owner, answer } = await launch.begin('s')
  expect(await world.witness.kill(owner, 'SIGSTOP')).toBe(true)
  world.file('begin', '')
  await until('the daemons', () => existsSync(join(world.path, 'served')))
  await shared(world)
  const pids = await asked(world)
  expect(await world.witness.kill(owner, 'SIGCONT')).toBe(true)
  return { world, launch, run_id, answer, pids }
}

const graceOf = ({ verb }: Way): string[] => (verb === 'run' ? ['--grace', '100ms'] : [])

const tmux = (world: World, words: string): string =>
  has_tmux ? `tmux -S ${join(world.path, 'tmux')} -f /dev/null ${words}` : ':'

const agent = (world: World, word: string): string =>
  `${program('agent')} ${word} ${join(world.path, 'agent')}`

const serve = (world: World): string =>
  `${agent(world, 'serve')} && ${tmux(world, `new-session -d ${WINDOW}`)}`

const use = (world: World): string => `${agent(world, 'ask')} && ${tmux(world, `new-window -d ${WINDOW}`)}`

/** Somebody else, outside the run, comes to use them. */
async function shared(world: World): Promise<void> {
  const answer = await world.sh(use(world))
  expect(answer.code, answer.stderr).toBe(0)
}

/** The first one, and the one that was opened by who came later: nothing else sleeps by then. */
async function expectBothWindows(world: World): Promise<void> {
  const windows = (await world.survivors()).filter(({ comm }) => comm === 'sleep')
  expect(windows).toHaveLength(has_tmux ? 2 : 0)
}

/** The pids of the daemons, as they tell them to whoever asks. */
async function asked(world: World): Promise<number[]> {
  const { code, stdout, stderr } = await world.sh(
    `${agent(world, 'ask')} && ${tmux(world, `display-message -p '#{pid}'`)}`,
  )
  expect(code, stderr).toBe(0)
  return stdout.trim().split('\n').map(Number)
}
