/**
 * What bears the marker of a run and was left behind, of which there may be more than an end lists: all are named, and
 * whoever asks again ends all of them, and nothing else.
 */
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { Launch } from './harness/launch.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { World, type WorldAnswer } from './harness/world.js'

/** More than two ends of 64 each would list. */
const MANY = 150

inEveryWay(['start', 'run', 'ctx.run'], way => {
  // Only by its environment is any of them tied to the run; a subreaper that lives has them all below it.
  test.skipIf(way.method === 'subreaper')(
    `${MANY} that hid while their owner could not look: each is named as left alone, and the next stop ends all`,
    async () => {
      const { world, launch, run_id, owner, hidden } = await hiding(way)
      expect(await world.witness.kill(owner, 'SIGCONT')).toBe(true)
      const first = await launch.call(['stop', run_id])
      const left = await hidden()
      expect(left).toHaveLength(MANY)
      expect(first.code, first.stdout).toBe(3)
      expect(told(first)).toEqual(left.map(pid => ({ pid, tried: false })))
      await expectEnded(world, launch, run_id, hidden)
    },
  )

  test(`${MANY} that hid while their owner could not look, and that outlived it: the next stop ends all`, async () => {
    const { world, launch, run_id, owner, hidden } = await hiding(way)
    expect(await world.witness.kill(owner, 'SIGKILL')).toBe(true)
    await launch.record(run_id, 'end')
    expect(await hidden()).toHaveLength(MANY)
    await expectEnded(world, launch, run_id, hidden)
  })

  // What nobody has told of is not ended.
  test('what came to bear the marker after the end is named by the next stop, and ended by the one after that', async () => {
    const { world, launch, run_id, owner, hidden } = await hiding(way, 1)
    expect(await world.witness.kill(owner, 'SIGKILL')).toBe(true)
    await launch.record(run_id, 'end')
    const { marker } = launch.read(run_id, 'intent')
    const { pid } = await world.exec(['sleep', '7200'], { env: { [marker.name]: marker.value } })
    expect(await hidden()).toHaveLength(2)
    const first = await launch.call(['stop', run_id])
    expect(await hidden(), first.stdout).toEqual([pid])
    expect(first.code, first.stdout).toBe(3)
    expect(told(first)).toEqual([{ pid, tried: false }])
    await expectEnded(world, launch, run_id, hidden)
  })
})

/** Its owner is stopped. */
async function hiding({ verb, method }: Way, many = MANY) {
  const world = World.create(method)
  const hide = `for _ in $(seq ${many}); do setsid -f sleep 3600; done`
  const program = ['sh', '-c', `until [ -e begin ]; do sleep 0.05; done; ${hide}; exec tail -f /dev/null`]
  const launch = new Launch(world, verb, program)
  const { run_id, owner } = await launch.begin('s')
  expect(await world.witness.kill(owner, 'SIGSTOP')).toBe(true)
  world.file('begin', '')
  const hidden = async () => {
    const pids = (await world.survivors()).filter(({ comm }) => comm === 'sleep').map(({ pid }) => pid)
    return pids.sort((a, b) => a - b)
  }
  const isOver = async () => (await world.survivors()).some(({ comm }) => comm === 'tail')
  await until('all to have hidden', async () => (await isOver()) && (await hidden()).length === many)
  return { world, launch, run_id, owner, hidden }
}

interface Told {
  readonly pid: number
  readonly tried: boolean
}

function told({ envelope }: WorldAnswer): Told[] {
  const survivors: Told[] = envelope.data.stopped[0].survivors
  return survivors.map(({ pid, tried }) => ({ pid, tried })).sort((a, b) => a.pid - b.pid)
}

async function expectEnded(
  world: World,
  launch: Launch,
  run_id: string,
  hidden: () => Promise<number[]>,
): Promise<void> {
  const stopped = await launch.call(['stop', run_id])
  expect(await hidden(), stopped.stdout).toEqual([])
  expect(stopped.code, stopped.stdout).toBe(0)
  expect(stopped.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
  await world.nothingLeft()
}
