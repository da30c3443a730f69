/** `start --name`: one run of a name in a session, whoever starts it, how often, and whoever dies on the way. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { guardOf, shimOf } from '../background/holders.js'
import { stubborn } from '../background/programs.js'
import { type Answer, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'

const START = ['start', '--session', 'dev', '--name', 'web', '--'] as const
const SERVER = ['sleep', '3600'] as const

/** Processes of the program, as the witness sees them. */
const servers = (sandbox: Sandbox) =>
  sandbox.survivors().filter(({ command }) => command === SERVER.join(' '))

async function stopAll(sandbox: Sandbox): Promise<void> {
  const { code, stdout } = await sandbox.call(['session', 'stop', 'dev'])
  expect(code, stdout).toBe(0)
}

test('the same program again is a noop that answers with the run; another one is exit 6 and starts nothing', async () => {
  const sandbox = Sandbox.create()
  const first = await sandbox.call([...START, ...SERVER])
  expect(first.envelope.data).toMatchObject({ effect: 'created', name: 'web', ready: null })
  const second = await sandbox.call([...START, ...SERVER])
  expect(second.code, second.stdout).toBe(0)
  const { run_id, background_pid, log_path, cleanup_command } = first.envelope.data
  expect(second.envelope.data).toEqual({ ...first.envelope.data, effect: 'noop' })
  expect(isAlive(background_pid)).toBe(true)

  const other = await sandbox.call([...START, 'sleep', '3601'])
  expect(other.code).toBe(6)
  expect(other.envelope.error).toMatchObject({
    code: 'ALREADY_EXISTS',
    context: { name: 'web', session_id: 'dev', run_id, argv: [...SERVER], differs: ['argv'] },
  })
  const elsewhere = await sandbox.call([...START, ...SERVER], { cwd: sandbox.directory('elsewhere') })
  expect(elsewhere.code).toBe(6)
  expect(elsewhere.envelope.error.context.differs).toEqual(['cwd'])
  expect(servers(sandbox)).toHaveLength(1)
  expect(readdirSync(join(sandbox.state, 'runs')), 'nothing of the others is recorded').toEqual([run_id])
  expect(log_path).toContain(run_id)
  expect((await sandbox.sh(cleanup_command)).code).toBe(0)
})

test('the name is of its session, and free again once its run has ended, however it did', async () => {
  const sandbox = Sandbox.create()
  const first = await sandbox.call([...START, ...SERVER])
  const other_session = await sandbox.call(['start', '--session', 'other', '--name', 'web', '--', ...SERVER])
  expect(other_session.envelope.data.effect).toBe('created')
  expect((await sandbox.sh(first.envelope.data.cleanup_command)).code).toBe(0)
  // Killed with its owner: the guard ends it, and the next start waits for that.
  const second = await sandbox.call([...START, 'sleep', '3602'])
  expect(second.envelope.data.effect).toBe('created')
  process.kill(shimOf(sandbox, second.envelope.data.run_id), 'SIGKILL')
  const third = await sandbox.call([...START, ...SERVER])
  expect(third.envelope.data?.effect, third.stdout).toBe('created')
  expect(isAlive(second.envelope.data.background_pid)).toBe(false)
  expect((await sandbox.sh(other_session.envelope.data.cleanup_command)).code).toBe(0)
  await stopAll(sandbox)
})

test('a start waits for a run of its name that is being ended, and then starts', async () => {
  const sandbox = Sandbox.create()
  const program = stubborn(sandbox)
  const first = await sandbox.call([...START, ...program])
  const { run_id, background_pid } = first.envelope.data
  await until('the program to ignore TERM', () => readdirSync(sandbox.path).includes('stubborn.pid'))
  const stopping = sandbox.call(['stop', run_id, '--kill-after', '1500ms'])
  await until('the request', () => readdirSync(join(sandbox.state, 'runs', run_id)).includes('stop.json'))
  const second = await sandbox.call([...START, ...SERVER])
  expect(second.envelope.data?.effect, second.stdout).toBe('created')
  expect(isAlive(background_pid)).toBe(false)
  expect((await stopping).code).toBe(0)
  await stopAll(sandbox)
})

test('of twenty starts at once one starts, and nineteen answer with its run', async () => {
  const sandbox = Sandbox.create()
  const race = (): Promise<Answer[]> =>
    Promise.all(Array.from({ length: 20 }, () => sandbox.call([...START, ...SERVER])))
  // The second time over a claim of a run that has ended.
  for (const round of [1, 2]) {
    const answers = await race()
    expect(answers.map(({ code }) => code)).toEqual(Array(20).fill(0))
    const data = answers.map(({ envelope }) => envelope.data)
    expect(
      data.filter(({ effect }) => effect === 'created'),
      `round ${round}`,
    ).toHaveLength(1)
    expect(new Set(data.map(({ run_id }) => run_id)).size).toBe(1)
    expect(servers(sandbox)).toHaveLength(1)
    await stopAll(sandbox)
  }
  expect(readdirSync(join(sandbox.state, 'runs'))).toHaveLength(2)
  expect(readdirSync(join(sandbox.state, 'names', 'dev', 'web')), 'claims do not pile up').toHaveLength(1)
})

test('starters that are killed anywhere on their way block nobody, and leave nothing', async () => {
  const sandbox = Sandbox.create()
  for (const delay of [60, 90, 120, 150, 180, 210, 240, 300]) {
    const victim = sandbox.spawn([...START, ...SERVER], {}, 'ignore')
    await new Promise(done => setTimeout(done, delay))
    victim.kill('SIGKILL')
    const { code, stdout, envelope } = await sandbox.call([...START, ...SERVER])
    expect(code, stdout).toBe(0)
    await until('one server', () => servers(sandbox).length === 1)
    expect(isAlive(envelope.data.background_pid)).toBe(true)
    await stopAll(sandbox)
  }
})

test('nobody answers with a run whose own start comes to nothing', async () => {
  const sandbox = Sandbox.create()
  const ready = ['--ready-log', 'never', '--ready-timeout', '20s']
  const argv = [...START.slice(0, -1), ...ready, '--', ...SERVER]
  const first = sandbox.spawn(argv, {}, 'ignore')
  await until('its program', () => servers(sandbox).length === 1)
  const second = sandbox.call([...START, ...SERVER])
  first.kill('SIGTERM')
  const { code, stdout, envelope } = await second
  expect(code, stdout).toBe(0)
  expect(envelope.data.effect).toBe('created')
  expect(isAlive(envelope.data.background_pid)).toBe(true)
  await stopAll(sandbox)
})

test('names without a session are warned of; names that none can have are exit 2', async () => {
  const sandbox = Sandbox.create()
  const { envelope } = await sandbox.call(['start', '--name', 'web', '--', ...SERVER])
  expect(envelope.warnings).toMatchObject([{ code: 'NAME_IN_NEW_SESSION' }])
  expect((await sandbox.sh(envelope.data.cleanup_command)).code).toBe(0)
  for (const name of ['', '.', '../x', 'a/b', 'x'.repeat(65), '-x'])
    expect((await sandbox.call(['start', `--name=${name}`, '--', ...SERVER])).code, name).toBe(2)
})

test('a claim that a crash of the machine emptied keeps nobody from the name', async () => {
  const sandbox = Sandbox.create()
  const first = await sandbox.call([...START, ...SERVER])
  expect((await sandbox.sh(first.envelope.data.cleanup_command)).code).toBe(0)
  const claim = join(sandbox.state, 'names', 'dev', 'web', '1')
  expect(JSON.parse(readFileSync(claim, 'utf8'))).toMatchObject({ run_id: first.envelope.data.run_id })
  const { writeFileSync } = await import('node:fs')
  writeFileSync(claim, '')
  const second = await sandbox.call([...START, ...SERVER])
  expect(second.envelope.data?.effect, second.stdout).toBe('created')
  await stopAll(sandbox)
})

test('a run that nobody holds any more keeps its name until it is stopped: exit 6 says so', async () => {
  const sandbox = Sandbox.create()
  const { envelope } = await sandbox.call([...START, ...SERVER])
  const { run_id, background_pid, cleanup_command } = envelope.data
  const shim = shimOf(sandbox, run_id)
  const guard = guardOf(sandbox, shim)
  // The owner cannot see its guard die, nor the guard its owner.
  for (const pid of [shim, guard]) process.kill(pid, 'SIGSTOP')
  for (const pid of [guard, shim]) process.kill(pid, 'SIGKILL')
  await until('both to be gone', () => !isAlive(shim) && !isAlive(guard))
  const refused = await sandbox.call([...START, ...SERVER])
  expect(refused.code, refused.stdout).toBe(6)
  expect(refused.envelope.error).toMatchObject({ code: 'ALREADY_EXISTS', context: { run_id } })
  expect(refused.envelope.error.message).toContain('held by nobody')
  expect(isAlive(background_pid)).toBe(true)
  expect((await sandbox.sh(cleanup_command)).code).toBe(0)
  const again = await sandbox.call([...START, ...SERVER])
  expect(again.envelope.data?.effect, again.stdout).toBe('created')
  await stopAll(sandbox)
})
