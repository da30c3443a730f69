/** Every exit reason and every stop cause, by what really produces it; told alike by show, ps, wait and events. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gone, guardOf, shimOf } from '../background/holders.js'
import { Launcher } from '../background/launcher.js'
import { pidIn, SLEEPER, stubborn } from '../background/programs.js'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

const TRACER = 'strace'
const has_tracer = spawnSync(TRACER, ['-V']).status === 0

interface Told {
  readonly status: string
  readonly exit_code: number | null
  readonly signal: string | null
  readonly exit_reason: string | null
  readonly stop_cause: string | null
  readonly reconcile_reason: string | null
}

/** A run that ended with a code, without a signal, for no cause; what differs is given. */
const told = (different: Partial<Told>): Told => ({
  status: 'killed',
  exit_code: null,
  signal: null,
  exit_reason: null,
  stop_cause: null,
  reconcile_reason: null,
  ...different,
})

const TERMED = { signal: 'SIGTERM', exit_reason: 'signal' } as const
const KILLED = { signal: 'SIGKILL', exit_reason: 'forced_kill' } as const

async function started(sandbox: Sandbox, program: readonly string[], options: readonly string[] = []) {
  const answer = await sandbox.call(['start', '--session', 's', ...options, '--', ...program])
  expect(answer.code, answer.stdout).toBe(0)
  return answer.envelope.data
}

/** The run as each of the reading commands tells it. */
async function expectTold(sandbox: Sandbox, run_id: string, expected: Told): Promise<void> {
  const { envelope: waited } = await sandbox.call(['wait', run_id, '--timeout', '20s'])
  const { envelope: shown } = await sandbox.call(['show', run_id])
  const { envelope: events } = await sandbox.call(['events', '--limit', '0'])
  const exited = events.data.events.find(
    (one: Record<string, unknown>) => one['event'] === 'exited' && one['run_id'] === run_id,
  )
  for (const data of [waited.data.runs[0], shown.data, exited]) expect(data).toMatchObject(expected)
  const listed = await sandbox.call(['ps', '--status', expected.status])
  const { status, exit_code, signal } = expected
  expect(listed.envelope.data.runs).toMatchObject([{ run_id, status, exit_code, signal }])
}

test('natural: it ended by itself, with 0 or another code', async () => {
  const sandbox = Sandbox.create()
  const well = await started(sandbox, ['true'])
  await expectTold(sandbox, well.run_id, told({ status: 'exited', exit_code: 0, exit_reason: 'natural' }))
  const badly = await started(sandbox, ['sh', '-c', 'exit 255'])
  await expectTold(sandbox, badly.run_id, told({ status: 'failed', exit_code: 255, exit_reason: 'natural' }))
})

test('signal: somebody else killed it, for no cause of ours', async () => {
  const sandbox = Sandbox.create()
  const { run_id, background_pid } = await started(sandbox, SLEEPER)
  process.kill(background_pid, 'SIGKILL')
  await expectTold(sandbox, run_id, told({ signal: 'SIGKILL', exit_reason: 'signal' }))
})

test('forced_kill: it did not hear TERM', async () => {
  const sandbox = Sandbox.create()
  const { run_id } = await started(sandbox, stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')
  await sandbox.call(['stop', '--kill-after', '100ms', run_id])
  await expectTold(sandbox, run_id, told({ ...KILLED, stop_cause: 'user' }))
})

test('start_failed: there is no such program', async () => {
  const sandbox = Sandbox.create()
  const answer = await sandbox.call(['start', '--', '/no/such/program'])
  const { run_id } = answer.envelope.error.context
  await expectTold(sandbox, run_id, told({ status: 'failed', exit_reason: 'start_failed' }))
})

test.runIf(has_tracer)('runtime_error: it is gone, and its owner is never told how', async () => {
  const sandbox = Sandbox.create()
  // As if somebody else in the process had taken the status (waitpid(2), ECHILD).
  const stolen = ['-f', '-q', '-o', '/dev/null', '-e', 'trace=wait4', '-e', 'inject=wait4:error=ECHILD']
  const entry = join(sandbox.path, 'bin/chaperone')
  const line = [TRACER, ...stolen, process.execPath, entry, 'start', '--', 'sh', '-c', 'exit 7']
  const answer = await sandbox.sh(`exec ${line.map(word => `'${word}'`).join(' ')}`)
  expect(answer.code, answer.stderr).toBe(0)
  const { run_id } = answer.envelope.data
  const lost = { status: 'unknown', exit_reason: 'runtime_error', reconcile_reason: 'exit_unseen' }
  await expectTold(sandbox, run_id, told(lost))
})

test('user, by stop; cleanup, by cleanup; session_stop, by session stop', async () => {
  for (const [stop_cause, line] of [
    ['user', ['stop', 'RUN']],
    ['cleanup', ['cleanup', '--session', 's']],
    ['session_stop', ['session', 'stop', 's']],
  ] as const) {
    const sandbox = Sandbox.create()
    const { run_id } = await started(sandbox, SLEEPER)
    expect((await sandbox.call(line.map(word => (word === 'RUN' ? run_id : word)))).code).toBe(0)
    await expectTold(sandbox, run_id, told({ ...TERMED, stop_cause }))
  }
})

test('max_lifetime: its time was over, and nobody had to call', async () => {
  const sandbox = Sandbox.create()
  const { run_id } = await started(sandbox, SLEEPER, ['--max-lifetime', '300ms'])
  await expectTold(sandbox, run_id, told({ ...TERMED, stop_cause: 'max_lifetime' }))
})

test('parent_signal: its owner was told to go', async () => {
  const sandbox = Sandbox.create()
  const { run_id } = await started(sandbox, SLEEPER)
  process.kill(shimOf(sandbox, run_id), 'SIGTERM')
  await expectTold(sandbox, run_id, told({ ...TERMED, stop_cause: 'parent_signal' }))
})

test('parent_run: the run inside which it was started was stopped', async () => {
  const sandbox = Sandbox.create()
  const entry = join(sandbox.path, 'bin/chaperone')
  const inner = `'${process.execPath}' '${entry}' start -- sleep 3600 >inner.tmp && mv inner.tmp inner; sleep 3600`
  const outer = await started(sandbox, ['sh', '-c', inner])
  const path = join(sandbox.path, 'inner')
  await until('the inner run', () => existsSync(path))
  const { run_id } = JSON.parse(readFileSync(path, 'utf8')).data
  await sandbox.call(['stop', outer.run_id])
  const shown = (await sandbox.call(['show', run_id])).envelope.data
  expect(shown).toMatchObject(told({ ...TERMED, stop_cause: 'parent_run' }))
})

test('owner_lost: its owner was killed, and its guard ended it', async () => {
  const sandbox = Sandbox.create()
  const { run_id } = await started(sandbox, SLEEPER)
  process.kill(shimOf(sandbox, run_id), 'SIGKILL')
  const lost = { status: 'unknown', stop_cause: 'owner_lost', reconcile_reason: 'owner_lost' }
  await expectTold(sandbox, run_id, told(lost))
})

test('reboot: nothing of another boot can live, which is said before and after somebody records it', async () => {
  const sandbox = Sandbox.create()
  const { run_id, background_pid } = await started(sandbox, SLEEPER)
  const shim = shimOf(sandbox, run_id)
  for (const pid of [guardOf(sandbox, shim), shim, background_pid]) process.kill(pid, 'SIGKILL')
  for (const pid of [shim, background_pid]) await gone(pid)
  const { boot_id } = recordOf(sandbox, run_id, 'main').main
  for (const name of ['intent', 'owner', 'main']) {
    const path = pathOf(sandbox, run_id, name)
    const before = readFileSync(path, 'utf8')
    writeFileSync(`${path}.new`, before.replaceAll(boot_id, '00000000-0000-4000-8000-000000000000'))
    renameSync(`${path}.new`, path)
  }
  const lost = { status: 'unknown', stop_cause: 'reboot', reconcile_reason: 'reboot' }
  await expectTold(sandbox, run_id, told(lost))
  const stopped = await sandbox.call(['stop', run_id])
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'already_ended', stop_cause: 'reboot' }])
  await expectTold(sandbox, run_id, told(lost))
})

test('a status, a run or a session that nobody knows is refused by name, with those that are known', async () => {
  const sandbox = Sandbox.create()
  const status = await sandbox.call(['ps', '--status', 'runing'])
  expect([status.code, status.envelope.error.code]).toEqual([2, 'ARG_ERROR'])
  for (const known of ['pending', 'running', 'exited', 'failed', 'killed', 'unknown'])
    expect(status.envelope.error.message).toContain(known)
  for (const argv of [['show'], ['logs'], ['wait'], ['stop']]) {
    const unknown = await sandbox.call([...argv, 'abcdefabcdef'])
    expect([unknown.code, unknown.envelope.error.code]).toEqual([5, 'RUN_NOT_FOUND'])
    const malformed = await sandbox.call([...argv, 'abc'])
    expect([malformed.code, malformed.envelope.error.code]).toEqual([2, 'ARG_ERROR'])
  }
})

test('show tells what lives of a run, with what each process uses, and nothing of one that has ended', async () => {
  const sandbox = Sandbox.create()
  const busy = 'while (process.cpuUsage().user < 300_000); console.log("up"); setInterval(() => {}, 1000)'
  const tool = new Launcher(sandbox, { spawn_options: '{ ready: { log: /up/ } }' })
  const program = ['sh', '-c', `sleep 3600 & '${process.execPath}' -e '${busy}'; wait`]
  const { run_id, background_pid } = await tool.launch(program)
  const { data } = (await tool.call(['show', run_id])).envelope
  const [main, ...others] = data.processes
  expect(main).toMatchObject({ pid: background_pid, cmd: expect.stringMatching(/^sh -c sleep 3600/) })
  expect(others.map(({ ppid }: { ppid: number }) => ppid)).toEqual([background_pid, background_pid])
  const node = others.find(({ cmd }: { cmd: string }) => cmd.includes('setInterval'))
  expect(node.cpu_seconds).toBeGreaterThan(0.2)
  expect(node.cpu_percent).toBeGreaterThan(0)
  expect(node.memory_bytes).toBeGreaterThan(10_000_000)
  expect(others.find(({ cmd }: { cmd: string }) => cmd === 'sleep 3600').memory_bytes).toBeLessThan(
    10_000_000,
  )
  expect(Date.parse(data.timeline.ready_at)).toBeGreaterThanOrEqual(Date.parse(data.timeline.started_at))
  await tool.call(['stop', run_id])
  expect((await tool.call(['show', run_id])).envelope.data.processes).toEqual([])
})

const pathOf = (sandbox: Sandbox, run_id: string, name: string): string =>
  join(sandbox.state, 'runs', run_id, `${name}.json`)

const recordOf = (sandbox: Sandbox, run_id: string, name: string) =>
  JSON.parse(readFileSync(pathOf(sandbox, run_id, name), 'utf8'))
