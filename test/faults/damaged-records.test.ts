/**
 * Every record of a run, damaged in every way: it is named and kept, it is never taken for 'dead', all other runs go on
 * as if it were not there, and its own run can be ended.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../e2e/harness/until.js'
import { inBatches } from './harness/batches.js'
import { DAMAGES, damaged } from './harness/damages.js'
import { Launch } from './harness/launch.js'
import { CLOSED, canMake, type Space } from './harness/space.js'
import { inEveryWay, type Way } from './harness/ways.js'
import { World } from './harness/world.js'

const RECORDS = ['intent', 'owner', 'main', 'stop', 'end'] as const
const AT_ONCE = 3

interface Case {
  readonly record: (typeof RECORDS)[number]
  readonly how: string
}

inEveryWay(['start', 'run', 'ctx.run'], way => {
  // What all read alike is tried with one of them.
  const is_first = way.verb === 'start' && way.method === 'subreaper'
  const records = is_first ? RECORDS : (['owner', 'main'] as const)
  test(`records that are damaged (${records.join(', ')}) harm nobody but their run, which can be ended`, () =>
    attacked(
      way,
      records.flatMap(record => Object.keys(DAMAGES).map(how => ({ record, how }))),
    ))

  if (is_first || way.verb === 'run')
    test.each(RECORDS.slice(0, 3))(
      '%s.json is missing, and nobody lives who holds the run: it is listed, and ended',
      async record => {
        const { world, launch, recorded } = await lost(way)
        const { run_id, main } = recorded
        rmSync(recordOf(launch, run_id, record))
        expect((await launch.call(['ps'])).envelope.data.runs).toMatchObject([{ run_id }])
        const stopped = await launch.call(['stop', run_id])
        expect(await lives(world, main.pid), stopped.stdout).toBe(false)
        expect(stopped.code, stopped.stdout).toBe(0)
        await world.nothingLeft()
      },
    )

  if (is_first)
    test.each(RECORDS.slice(0, 3))(
      '%s.json is of a newer version, and nobody lives who holds the run: it is not ours to end, and that is said',
      async record => {
        const { world, launch, recorded } = await lost(way)
        const { run_id, main } = recorded
        const path = recordOf(launch, run_id, record)
        const before = readFileSync(path)
        damaged(path, 'of a newer version')
        for (const options of [[], ['--force']]) {
          const refused = await launch.call(['stop', run_id, ...options])
          expect([refused.code, refused.envelope.error.code], refused.stdout).toEqual([4, 'RECORDS_UNUSABLE'])
          expect(await lives(world, main.pid)).toBe(true)
        }
        // The request of the first stop stands.
        writeFileSync(path, before)
        const stopped = await launch.call(['stop', run_id])
        expect(await lives(world, main.pid), stopped.stdout).toBe(false)
        expect(stopped.code, stopped.stdout).toBe(0)
        await world.nothingLeft()
      },
    )

  test('an end.json that cannot be read, of a run that lives: nobody takes it for an end, and the true one replaces it', async () => {
    const world = World.create(way.method)
    const launch = new Launch(world, way.verb, [
      'sh',
      '-c',
      'trap "echo told" TERM; : >ready; while :; do sleep 0.1; done',
    ])
    const { run_id, main, owner, answer } = await launch.begin('s')
    await until('the program to be ready', () => existsSync(join(world.path, 'ready')))
    const path = recordOf(launch, run_id, 'end')
    writeFileSync(path, 'no end')
    const waited = await launch.call(['wait', run_id, '--timeout', '1s'])
    expect([waited.code, await lives(world, main.pid)], waited.stdout).toEqual([10, true])
    const stopped = await launch.call(['stop', run_id, '--kill-after', '1s'])
    expect(await lives(world, main.pid), stopped.stdout).toBe(false)
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data.stopped).toMatchObject([
      { outcome: 'stopped', exit_reason: 'forced_kill', survivors: [] },
    ])
    expect(launch.read(run_id, 'end')).toMatchObject({ signal: 'SIGKILL', recorder: { pid: owner.pid } })
    const beside = readdirSync(join(path, '..')).filter(name => name.startsWith('end.json.corrupt-'))
    expect(beside.map(name => readFileSync(join(path, '..', name), 'utf8'))).toEqual(['no end'])
    await answer
    await world.nothingLeft()
  })

  const can_close = canMake(CLOSED)
  if (!is_first) return
  test.skipIf(!can_close)(
    `records that may not be read harm nobody but their run, which can be ended${can_close ? '' : ' (needs a mount namespace)'}`,
    () =>
      attacked(
        way,
        RECORDS.map(record => ({ record, how: 'closed' })),
        CLOSED,
      ),
  )
})

async function attacked(way: Way, cases: readonly Case[], space: Space | null = null): Promise<void> {
  const world = World.create(way.method, space)
  const launch = new Launch(world, way.verb, ['sleep', '3600'])
  const sessions = ['good', ...cases.map((_, index) => `s${index}`)]
  const [good, ...bad] = await inBatches(sessions, AT_ONCE, session => launch.begin(session))
  if (!good) throw new Error('no run was started')

  await inBatches([...bad.entries()], AT_ONCE, async ([index, { run_id, main }]) => {
    const { record, how } = cases[index] as Case
    const context = `${record}.json, ${how}`
    const path = join(launch.state, 'runs', run_id, `${record}.json`)
    if (record === 'end') {
      expect((await launch.call(['stop', run_id])).code, context).toBe(0)
      await launch.record(run_id, 'end')
    } else if (record === 'stop') {
      writeFileSync(path, STOP(run_id))
    }
    damaged(path, how)
    const before = contentOf(path)

    const ps = await launch.call(['ps', '--all', '--limit', '0'])
    expect(ps.code, `${context}: ${ps.stdout}${ps.stderr}`).toBe(0)
    expect(ps.envelope.data.runs, context).toContainEqual(
      expect.objectContaining({ run_id: good.run_id, status: 'running' }),
    )
    expect(ps.envelope.warnings, context).toContainEqual(
      expect.objectContaining({ code: 'RECORD_UNUSABLE', context: { run_id, record } }),
    )
    const shown = await launch.call(['show', run_id])
    expect(shown.code, `${context}: ${shown.stdout}`).toBe(0)
    if (record !== 'stop')
      expect(shown.envelope.data, context).toMatchObject({ status: 'unknown', exit_code: null })
    if (record !== 'stop' && record !== 'end') expect(await lives(world, main.pid), context).toBe(true)

    const stopped = await launch.call(['stop', run_id])
    expect(stopped.code, `${context}: ${stopped.stdout}`).toBe(0)
    expect(await lives(world, main.pid), context).toBe(false)
    // What another record has to take the place of is set aside; a newer version's own end stays its end.
    const is_replaced = record === 'end' && how !== 'of a newer version'
    expect(isIn(path, before), context).toBe(!is_replaced)
    expect(isSetAside(path, before), context).toBe(is_replaced)
    expect(existsSync(recordOf(launch, run_id, 'end')), context).toBe(true)
  })

  expect((await launch.call(['show', good.run_id])).envelope.data).toMatchObject({
    status: 'running',
    damaged: [],
  })
  expect((await launch.call(['stop', good.run_id])).code).toBe(0)
  await world.nothingLeft()
}

/** A run whose owner and guard were killed together. */
async function lost(way: Way) {
  const world = World.create(way.method)
  const launch = new Launch(world, way.verb, ['sleep', '3600'])
  const recorded = await launch.begin('s')
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const)
    for (const one of [recorded.guard, recorded.owner])
      expect(await world.witness.kill(one, signal)).toBe(true)
  await until(
    'both to be gone',
    async () => !(await lives(world, recorded.owner.pid)) && !(await lives(world, recorded.guard.pid)),
  )
  return { world, launch, recorded }
}

const recordOf = (launch: Launch, run_id: string, record: string): string =>
  join(launch.state, 'runs', run_id, `${record}.json`)

/** A request as the owner would find it, which it has not been told of: it reads it by itself within a second. */
const STOP = (run_id: string): string =>
  JSON.stringify({
    schema_version: '1.0',
    run_id,
    cause: 'user',
    asker: { host_id: 'h', boot_id: 'b', pid_namespace: 'n', pid: 2, start_time: 1 },
    grace_ms: 1000,
    requested_at: '2026-11-20T10:00:00.000Z',
  })

const lives = async (world: World, pid: number): Promise<boolean> =>
  (await world.survivors()).some(one => one.pid === pid)

/** What is under a name, as far as it is a file; null for a directory. */
const contentOf = (path: string): string | null =>
  lstatSync(path).isDirectory() ? null : readFileSync(path, 'latin1')

const isIn = (path: string, content: string | null): boolean =>
  existsSync(path) && contentOf(path) === content

/** Whether it is still there, beside the name that it had. */
function isSetAside(path: string, content: string | null): boolean {
  const directory = join(path, '..')
  return readdirSync(directory).some(
    name => name.includes('.corrupt-') && contentOf(join(directory, name)) === content,
  )
}
