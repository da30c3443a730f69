/**
 * The records beside those that tell a run's status, damaged in every way: that it is ready, that its start was answered,
 * that its end is forced, who has a name, who stops a session, what is inside a run, what was seen of it. No call fails
 * by them, no name is given twice, and what is to be ended is ended.
 */
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHAPERONE } from '../e2e/harness/sandbox.js'
import { until } from '../e2e/harness/until.js'
import { inBatches } from './harness/batches.js'
import { DAMAGES, damaged } from './harness/damages.js'
import { Launch } from './harness/launch.js'
import { CLOSED, canMake, type Space } from './harness/space.js'
import { inEveryWay } from './harness/ways.js'
import { World, type WorldAnswer } from './harness/world.js'

const AT_ONCE = 3
const READY = ['sh', '-c', 'echo up; exec sleep 3600']

const can_close = canMake(CLOSED)
const needs = can_close ? '' : ' (needs a mount namespace)'

test('damaged records of a ready run with a name: the run keeps its name, is told of, and can be ended', () =>
  keepsItsName(null, Object.keys(DAMAGES)))

test.skipIf(!can_close)(`the same, where they may not be read${needs}`, () =>
  keepsItsName(CLOSED, ['closed']),
)

async function keepsItsName(space: Space | null, ways: readonly string[]): Promise<void> {
  const world = World.create('snapshot', space)
  await inBatches(ways, AT_ONCE, async how => {
    const session = how.replaceAll(' ', '-')
    const start = (...argv: readonly string[]) =>
      world.call(['start', '--session', session, '--name', 'web', '--ready-log', 'up', '--', ...argv])
    const { run_id } = dataOf(await start(...READY))
    const run = join(world.state, 'runs', run_id)
    await until('the answer on record', () => readdirSync(run).includes('answered.json'))
    writeFileSync(join(run, 'force.json'), readFileSync(join(run, 'answered.json')))
    const claim = join(world.state, 'names', session, 'web', '1')
    const records = ['ready', 'answered', 'force'].map(name => join(run, `${name}.json`))
    for (const path of [...records, claim]) damaged(path, how)

    const shown = dataOf(await world.call(['show', run_id]))
    expect(shown, how).toMatchObject({ status: 'running', timeline: { ready_at: null } })
    expect(shown.damaged, how).toMatchObject([{ record: 'ready' }])
    expect(dataOf(await start(...READY)), how).toMatchObject({ effect: 'noop', run_id, ready: true })
    const other = await start('sh', '-c', 'echo up; exec sleep 3601')
    expect(other.code, `${how}: ${other.stdout}`).toBe(6)
    expect(other.envelope.error).toMatchObject({ code: 'ALREADY_EXISTS', context: { run_id } })

    expect(dataOf(await world.call(['stop', run_id])).stopped, how).toMatchObject([{ outcome: 'stopped' }])
    expect(dataOf(await world.call(['wait', run_id])).runs, how).toMatchObject([{ stop_cause: 'user' }])
    const again = dataOf(await start(...READY))
    expect(again.run_id, how).not.toBe(run_id)
    expect((await world.call(['stop', again.run_id])).code).toBe(0)
  })
  await world.nothingLeft()
}

test('a damaged mark of a stopped session keeps nobody from starting in it or stopping it, and is kept', async () => {
  const world = World.create('snapshot')
  const ways = Object.keys(DAMAGES).filter(how => how !== 'of another run')
  await inBatches(ways, AT_ONCE, async how => {
    const session = how.replaceAll(' ', '-')
    const start = () => world.call(['start', '--session', session, '--', 'sleep', '3600'])
    const { run_id } = dataOf(await start())
    const intent = JSON.parse(readFileSync(join(world.state, 'runs', run_id, 'intent.json'), 'utf8'))
    const mark = join(world.state, 'sessions', session, 'stopping.json')
    const content = {
      schema_version: '1.0',
      stop_id: 'abcdef012345',
      session_id: session,
      asker: intent.starter,
      grace_ms: 5000,
      requested_at: intent.created_at,
    }
    writeFileSync(mark, JSON.stringify(content))
    damaged(mark, how)
    if (how === 'a symlink') renameSync(`${mark}.elsewhere`, join(world.path, 'elsewhere'))

    expect(dataOf(await world.call(['session', 'list'])).sessions, how).toContainEqual(
      expect.objectContaining({ session_id: session, live_runs: 1, stopping: false }),
    )
    dataOf(await start())
    const stop = ['session', 'stop', session]
    expect(dataOf(await world.call(stop)), how).toMatchObject({ session_stopped: true })
    expect(dataOf(await world.call(['ps', '--session', session])).runs, how).toEqual([])
    const stops = join(world.state, 'stops')
    const kept = readdirSync(stops).filter(name => name.startsWith(`${session}.stopping.json.corrupt-`))
    expect(kept, how).toHaveLength(1)

    const said = readdirSync(stops).find(name => name.endsWith(`-${session}.json`))
    if (said) damaged(join(stops, said), how)
    dataOf(await world.call(['events', '--session', session]))
    dataOf(await start())
    expect(dataOf(await world.call(stop)), how).toMatchObject({ session_stopped: true })
  })
  await world.nothingLeft()
})

inEveryWay(['start', 'run', 'ctx.run'], ({ verb, method }) => {
  test('a damaged journal keeps no guard from ending its run', async () => {
    const world = World.create(method)
    const launch = new Launch(world, verb, ['sh', '-c', 'sleep 3600 & exec sleep 7200'])
    await inBatches(Object.keys(DAMAGES), AT_ONCE, async how => {
      const { run_id, owner, main } = await launch.begin(how.replaceAll(' ', '-'))
      damaged(join(launch.state, 'runs', run_id, 'seen.log'), how)
      expect(await world.witness.kill(owner, 'SIGKILL'), how).toBe(true)
      expect(await launch.record(run_id, 'end'), how).toMatchObject({
        stop_cause: 'owner_lost',
        survivors: [],
        leftovers: [],
      })
      const alive = (await world.survivors()).map(({ pid }) => pid)
      expect(alive, how).not.toContain(main.pid)
    })
    await world.nothingLeft()
  })
})

test.skipIf(!can_close)(
  `a log and a session's directory that are closed keep nobody from starting there, and no run from its end${needs}`,
  async () => {
    const world = World.create('snapshot', CLOSED)
    const start = () => world.call(['start', '--session', 's', '--', 'sh', '-c', 'echo up; exec sleep 3600'])
    const { run_id } = dataOf(await start())
    const session = join(world.state, 'sessions', 's')
    chmodSync(join(world.state, 'runs', run_id, 'output.log'), 0)
    for (const mode of [0o500, 0]) {
      chmodSync(session, mode)
      dataOf(await start())
      expect(dataOf(await world.call(['session', 'list'])).sessions).toMatchObject([{ session_id: 's' }])
      expect(dataOf(await world.call(['ps'])).runs).toContainEqual(
        expect.objectContaining({ status: 'running' }),
      )
      expect(dataOf(await world.call(['show', run_id]))).toMatchObject({ run_id, damaged: [] })
      const logs = await world.call(['logs', run_id])
      expect(logs.code, logs.stdout).toBe(4)
      expect(logs.envelope.error).toMatchObject({ code: 'LOG_UNREADABLE' })
      expect(dataOf(await world.call(['session', 'stop', 's']))).toMatchObject({ session_stopped: true })
    }
    expect(dataOf(await world.call(['show', run_id]))).toMatchObject({
      alive: false,
      stop_cause: 'session_stop',
    })
    chmodSync(session, 0o700)
    await world.nothingLeft()
  },
)

test.each([
  { what: 'a file', damage: (path: string) => writeFileSync(path, '') },
  { what: 'a symlink to nowhere', damage: (path: string) => symlinkSync('nowhere', path) },
  { what: 'a symlink to names of others', damage: (path: string, names: string) => symlinkSync(names, path) },
])('where the names of what is inside a run are $what, its stop ends just that', async ({ damage }) => {
  const world = World.create('snapshot')
  const start = `"${process.execPath}" "${CHAPERONE}" start --session inner -- sleep 3600 && echo 1 >"$1"`
  const program = ['sh', '-c', `${start}; exec sleep 3600`, 'sh', 'up']
  const beside = dataOf(await world.call(['start', '--session', 'beside', '--', 'sleep', '3600']))
  const { run_id } = dataOf(await world.call(['start', '--session', 'outer', '--', ...program]))
  await world.pidsIn('up', 1)
  const names = join(world.state, 'runs', run_id, 'nested')
  const [inner = ''] = readdirSync(names)
  // Names that somebody made up.
  const others = world.directory('others')
  for (const name of [beside.run_id, 'nobody']) writeFileSync(join(others, name), '')
  rmSync(names, { recursive: true })
  damage(names, others)
  // Inside the run it can be started all the same.
  const again = await world.call(['start', '--session', 'inner', '--', 'sleep', '3600'], {
    env: { CHAPERONE_RUN_ID: run_id },
  })
  const later = dataOf(again).run_id

  expect(dataOf(await world.call(['stop', run_id])).stopped).toMatchObject([{ outcome: 'stopped' }])
  for (const id of [inner, later])
    expect(dataOf(await world.call(['show', id]))).toMatchObject({ alive: false, stop_cause: 'parent_run' })
  expect(dataOf(await world.call(['show', beside.run_id]))).toMatchObject({ status: 'running' })
  expect(readdirSync(others).sort()).toEqual([beside.run_id, 'nobody'].sort())
  expect((await world.call(['stop', beside.run_id])).code).toBe(0)
  await world.nothingLeft()
})

test('a name of an independent run among those inside a run does not end it', async () => {
  const world = World.create('snapshot')
  const start = () => startedIn(world)
  const [outer, beside] = [await start(), await start()]
  const names = world.sandbox.directory(`state/runs/${outer}/nested`)
  writeFileSync(join(names, beside), '')
  expect((await world.call(['stop', outer])).code).toBe(0)
  expect(dataOf(await world.call(['show', beside]))).toMatchObject({ status: 'running', stop_cause: null })
  expect((await world.call(['stop', beside])).code).toBe(0)
  await world.nothingLeft()
})

test('who asks for a session is told of live runs whose session nobody can read, and these are left alone', async () => {
  const world = World.create('snapshot')
  const start = () => startedIn(world)
  const [bad, good] = [await start(), await start()]
  damaged(join(world.state, 'runs', bad, 'intent.json'), 'truncated')
  for (const argv of [
    ['session', 'list'],
    ['cleanup', '--session', 'other'],
    ['session', 'stop', 's'],
  ]) {
    const answer = await world.call(argv)
    expect(dataOf(answer)).toBeDefined()
    expect(answer.envelope.warnings, argv.join(' ')).toContainEqual(
      expect.objectContaining({ code: 'RECORD_UNUSABLE', context: { run_id: bad, record: 'intent' } }),
    )
  }
  expect(dataOf(await world.call(['show', good]))).toMatchObject({ alive: false, stop_cause: 'session_stop' })
  expect(dataOf(await world.call(['show', bad]))).toMatchObject({ alive: true, stop_cause: null })
  expect((await world.call(['cleanup', '--all-sessions'])).code).toBe(0)
  await world.nothingLeft()
})

/** The data of a call that went well. */
function dataOf(answer: WorldAnswer): WorldAnswer['envelope']['data'] {
  expect(answer.code, `${answer.stdout}${answer.stderr}`).toBe(0)
  return answer.envelope.data
}

/** Starts a program that lives. @returns its run */
const startedIn = async (world: World): Promise<string> =>
  dataOf(await world.call(['start', '--session', 's', '--', 'sleep', '3600'])).run_id
