/** Records that cannot be read: named, kept, taken for nothing; every other run works, and this one can still be ended. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { guardOf, shimOf } from './holders.js'
import { Launcher } from './launcher.js'
import { SLEEPER } from './programs.js'

const DAMAGES = [
  { how: 'empty', reason: 'it is empty', damage: (path: string) => truncateSync(path, 0) },
  { how: 'truncated', reason: 'it is not JSON', damage: (path: string) => truncateSync(path, 20) },
  { how: 'corrupt', reason: 'it is not JSON', damage: (path: string) => writeFileSync(path, '\0\0{]') },
  {
    how: 'of another kind',
    reason: 'it must be object',
    damage: (path: string) => writeFileSync(path, '[]'),
  },
  {
    how: 'newer',
    reason: 'written by a newer version (2.0)',
    damage: (path: string) =>
      writeFileSync(
        path,
        readFileSync(path, 'utf8').replace('"schema_version":"1.0"', '"schema_version":"2.0"'),
      ),
  },
] as const

const RECORDS = ['intent', 'owner', 'main'] as const

test.each(DAMAGES.flatMap(damage => RECORDS.map(record => ({ ...damage, record }))))(
  'a record of kind $record that is $how is named, the other runs work, and its run can be ended',
  async ({ record, reason, damage }) => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox)
    const bad = await launcher.launch(SLEEPER)
    const good = await launcher.launch(SLEEPER)
    const path = join(launcher.state, 'runs', bad.run_id, `${record}.json`)
    damage(path)
    const content = readFileSync(path, 'utf8')

    const ps = await launcher.call(['ps'])
    expect(ps.code).toBe(0)
    const [warning] = ps.envelope.warnings
    expect(warning).toMatchObject({ code: 'RECORD_UNUSABLE', context: { run_id: bad.run_id, record } })
    expect(warning.message).toContain(reason)
    const rows = Object.fromEntries(
      ps.envelope.data.runs.map((row: { run_id: string; status: string }) => [row.run_id, row.status]),
    )
    expect(rows).toEqual({ [bad.run_id]: 'unknown', [good.run_id]: 'running' })

    expect((await launcher.sh(good.cleanup_command)).code).toBe(0)
    expect(isAlive(bad.background_pid), 'what cannot be read is not taken for dead').toBe(true)

    const stopped = await launcher.call(['stop', bad.run_id])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(isAlive(bad.background_pid)).toBe(false)
    expect(readFileSync(path, 'utf8'), 'it is kept').toBe(content)
    await sandbox.nothingLeft()
  },
)

test('an end record that is corrupt is set aside and named, and the stop that finds it writes another', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { run_id } = await launcher.launch(['true'])
  await launcher.endOf(run_id)
  const directory = join(launcher.state, 'runs', run_id)
  writeFileSync(join(directory, 'end.json'), 'garbage')

  const shown = await launcher.call(['show', run_id])
  expect(shown.envelope.data).toMatchObject({
    status: 'unknown',
    reconcile_reason: 'end_corrupt',
    exit_code: null,
  })
  const stopped = await launcher.call(['stop', run_id])
  expect(stopped.code, stopped.stdout).toBe(0)
  const aside = readdirSync(directory).find(name => name.startsWith('end.json.corrupt-'))
  expect(readFileSync(join(directory, aside ?? ''), 'utf8')).toBe('garbage')
  const again = await launcher.call(['show', run_id])
  expect(again.envelope.data).toMatchObject({ damaged: [], exit_code: null, exit_reason: null })
})

test('a run whose intent is corrupt is ended by its guard all the same', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { run_id } = await launcher.launch(SLEEPER)
  truncateSync(join(launcher.state, 'runs', run_id, 'intent.json'), 0)
  process.kill(shimOf(sandbox, run_id), 'SIGKILL')
  await sandbox.nothingLeft()
  expect(await launcher.endOf(run_id)).toMatchObject({ stop_cause: 'owner_lost' })
})

test('a request to stop that cannot be read is one all the same', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id } = await launcher.launch(SLEEPER)
  writeFileSync(join(launcher.state, 'runs', run_id, 'stop.json'), '{"schema_version":"7.3","cause":"whim"}')

  expect(await launcher.endOf(run_id)).toMatchObject({ signal: 'SIGTERM', stop_cause: null })
  expect(isAlive(background_pid)).toBe(false)
})

test('a name in live/ without records is shown as unknown, and goes with the next cleanup', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { run_id } = await launcher.launch(SLEEPER)
  const shim = shimOf(sandbox, run_id)
  process.kill(guardOf(sandbox, shim), 'SIGKILL')
  process.kill(shim, 'SIGKILL')
  expect((await launcher.call(['stop', run_id])).code).toBe(0)
  await sandbox.nothingLeft()
  rmSync(join(launcher.state, 'runs', run_id), { recursive: true })
  const live = join(launcher.state, 'live', run_id)
  writeFileSync(live, '')

  expect((await launcher.call(['cleanup'])).code).toBe(0)
  expect(existsSync(live)).toBe(false)
})

test('a directory in which nothing is recorded yet is no run yet', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { run_id } = await launcher.launch(SLEEPER)
  mkdirSync(join(launcher.state, 'runs', '0123456789ab'), { mode: 0o700 })
  for (const argv of [['ps'], ['ps', '--all']]) {
    const { runs } = (await launcher.call(argv)).envelope.data
    expect(runs.map((run: { run_id: string }) => run.run_id)).toEqual([run_id])
  }
  expect((await launcher.call(['ps', '--status', 'unknown'])).envelope.data.runs).toEqual([])
  expect((await launcher.call(['stop', run_id])).code).toBe(0)
})

test('a temporary of a record that a writer left behind disturbs nobody', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { run_id, cleanup_command } = await launcher.launch(SLEEPER)
  writeFileSync(join(launcher.state, 'runs', run_id, '.stop.json.0123456789ab.tmp'), '{"torn')
  const stopped = await launcher.sh(cleanup_command)
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', stop_cause: 'user' }])
  await until('the end of the shim', () => sandbox.survivors().length === 0)
})
