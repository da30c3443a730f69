/** `wait`: the records once the runs have ended; never longer than asked for, never for a run that nobody holds. */
import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Launcher } from '../background/launcher.js'
import { SLEEPER, script } from '../background/programs.js'
import { checked } from '../contract/harness/checked.js'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { written } from '../logs/log-calls.js'

function launcher() {
  const sandbox = Sandbox.create()
  return { sandbox, launcher: new Launcher(sandbox) }
}

/** Ends, with the exit code given, once there is a file of the name given. */
const waiter = (sandbox: Sandbox, name: string, code = 0) =>
  script(sandbox, `wait-${name}`, `while ! [ -e "$1/${name}" ]; do sleep 0.01; done; exit ${code}`)

const release = (sandbox: Sandbox, name: string) => writeFileSync(join(sandbox.path, name), '')

test('it answers when the run has ended, with how it did, whatever its exit code', async () => {
  const { sandbox, launcher: tool } = launcher()
  const { run_id, session_id } = await tool.launch(waiter(sandbox, 'go', 7))
  const waiting = tool.call(['wait', run_id.slice(0, 8)])
  release(sandbox, 'go')
  const envelope = checked(await waiting)
  expect(envelope.ok).toBe(true)
  expect(envelope.data.runs).toMatchObject([
    {
      run_id,
      session_id,
      status: 'failed',
      exit_code: 7,
      signal: null,
      exit_reason: 'natural',
      leftovers: 0,
    },
  ])
  expect(envelope.data.runs[0].ended_at).not.toBeNull()
})

test('it answers at once for runs that have ended, in the order in which they are named', async () => {
  const { launcher: tool } = launcher()
  const [first, second] = [await tool.launch(['true']), await tool.launch(['false'])]
  const { envelope } = await tool.call(['wait', second.run_id, first.run_id, second.run_id])
  expect(envelope.data.runs.map(({ run_id }: { run_id: string }) => run_id)).toEqual([
    second.run_id,
    first.run_id,
  ])
})

test('a run that somebody stops has ended, too', async () => {
  const { launcher: tool } = launcher()
  const { run_id } = await tool.launch(SLEEPER)
  const waiting = tool.call(['wait', run_id])
  expect((await tool.call(['stop', run_id])).code).toBe(0)
  expect((await waiting).envelope.data.runs).toMatchObject([
    { run_id, status: 'killed', signal: 'SIGTERM', stop_cause: 'user' },
  ])
})

test('with --session it waits for all runs of the session, those that start meanwhile as well', async () => {
  const { sandbox, launcher: tool } = launcher()
  const session = { session: 'job-7' }
  const early = await tool.launch(['false'], session)
  await tool.endOf(early.run_id)
  const first = await tool.launch(waiter(sandbox, 'one'), session)
  const other = await tool.launch(SLEEPER, { session: 'other' })
  let is_over = false
  const waiting = tool.call(['wait', '--session', 'job-7']).finally(() => {
    is_over = true
  })
  const second = await tool.launch(waiter(sandbox, 'two', 3), session)
  release(sandbox, 'one')
  await tool.endOf(first.run_id)
  expect(is_over).toBe(false)
  release(sandbox, 'two')
  const { code, envelope } = await waiting
  expect(code).toBe(0)
  const ended = envelope.data.runs.map(({ run_id, exit_code }: { run_id: string; exit_code: number }) => [
    run_id,
    exit_code,
  ])
  const expected = [
    [early.run_id, 1],
    [first.run_id, 0],
    [second.run_id, 3],
  ]
  expect(ended.sort()).toEqual(expected.sort())
  await tool.call(['stop', other.run_id])
})

test('at the timeout it answers WAIT_TIMEOUT, exit 10, with how things are, and the run goes on', async () => {
  const { launcher: tool } = launcher()
  const [ended, going] = [await tool.launch(['true']), await tool.launch(SLEEPER)]
  await tool.endOf(ended.run_id)
  const envelope = checked(await tool.call(['wait', ended.run_id, going.run_id, '--timeout', '300ms']))
  expect(envelope.meta.exit_code).toBe(10)
  expect(envelope.error).toMatchObject({
    code: 'WAIT_TIMEOUT',
    retryable: true,
    context: { timeout_ms: 300, waiting_for: [going.run_id] },
  })
  expect(envelope.data).toMatchObject({
    partial: true,
    runs: [
      { run_id: ended.run_id, status: 'exited' },
      { run_id: going.run_id, status: 'running' },
    ],
  })
  expect(isAlive(going.background_pid)).toBe(true)
  await tool.call(['stop', going.run_id])
})

test('a signal ends the waiting, and the run goes on', async () => {
  const { sandbox, launcher: tool } = launcher()
  const { run_id, background_pid } = await tool.launch(SLEEPER)
  const answer = await tool.call(['wait', run_id], {
    started: child =>
      void until('the call to run', () => child.pid && isWaiting(child.pid)).then(() =>
        child.kill('SIGTERM'),
      ),
  })
  expect(answer.code).toBe(143)
  expect(answer.envelope.error.code).toBe('CANCELLED')
  expect(isAlive(background_pid)).toBe(true)
  await tool.call(['stop', run_id])
  await sandbox.nothingLeft()
})

test('a run that nobody holds is not waited for: it is named, with the way to end it', async () => {
  const { sandbox, launcher: tool } = launcher()
  const { run_id } = await tool.launch(SLEEPER)
  const waiting = tool.call(['wait', run_id])
  loseOwner(tool, run_id)
  const envelope = checked(await waiting)
  expect(envelope.meta.exit_code).toBe(4)
  expect(envelope.error).toMatchObject({ code: 'OWNER_LOST', context: { lost: [run_id] } })
  expect(envelope.data.runs).toMatchObject([{ run_id, status: 'running', owner: 'lost' }])
  await tool.call(['stop', run_id])
  await sandbox.nothingLeft()
})

test('a run that died with everybody who held it has ended, and nobody knows how', async () => {
  const { launcher: tool } = launcher()
  const { run_id, background_pid } = await tool.launch(SLEEPER)
  loseOwner(tool, run_id, background_pid)
  const { code, envelope } = await tool.call(['wait', run_id])
  expect(code).toBe(0)
  expect(envelope.data.runs).toMatchObject([
    { run_id, status: 'unknown', exit_code: null, signal: null, reconcile_reason: 'owner_lost' },
  ])
})

test('a run whose directory was removed is waited for, and its log followed, until its owner has ended it', async () => {
  const { sandbox, launcher: tool } = launcher()
  const stubborn = `trap '' TERM; echo begun; while :; do sleep 1; done`
  const { run_id, background_pid } = await tool.launch(script(sandbox, 'stubborn', stubborn))
  const waiting = begun(sandbox, tool, ['wait', run_id])
  await until('the call to run', () => waiting.child.pid && isWaiting(waiting.child.pid))
  // Each begins when the one before it is at work.
  const following = begun(sandbox, tool, ['logs', run_id, '-f'])
  await until('the log', () => following.stdout().includes('begun'))
  const stream = begun(sandbox, tool, ['events', '--follow'])
  await until('the start among the events', () => stream.stdout().includes('"started"'))
  const answered = [waiting, following].map(async ({ answer }) => {
    const { code, stdout } = await answer
    return { code, stdout, is_alive: isAlive(background_pid) }
  })
  const told = until('its end among the events', () => stream.stdout().includes('"exited"')).then(() =>
    isAlive(background_pid),
  )
  removed(join(tool.state, 'runs', run_id))
  // Nobody else takes it for ended, either.
  const { runs } = (await tool.call(['ps'])).envelope.data
  if (isAlive(background_pid)) expect(runs).toMatchObject([{ run_id, status: 'unknown', owner: 'unknown' }])
  const cleaned = await tool.call(['cleanup', '--kill-after', '100ms'])
  expect(isAlive(background_pid), cleaned.stdout).toBe(false)
  // Its owner needs eight seconds, which a slow call may take before it looks.
  expect([[], [expect.objectContaining({ run_id, outcome: 'stopped' })]]).toContainEqual(
    cleaned.envelope.data.stopped,
  )
  for (const { code, stdout, is_alive } of await Promise.all(answered))
    expect([code, is_alive], stdout).toEqual([0, false])
  expect(await told).toBe(false)
  stream.child.kill('SIGTERM')
  await stream.answer
  await sandbox.nothingLeft()
})

test('a run of which no record can be used is not waited for for ever: it is named, and its log ends', async () => {
  const { sandbox, launcher: tool } = launcher()
  const { run_id, background_pid } = await tool.launch(SLEEPER)
  const directory = join(tool.state, 'runs', run_id)
  const records = ['owner', 'main'].map(name => join(directory, `${name}.json`))
  const contents = records.map(path => readFileSync(path))
  loseOwner(tool, run_id)
  for (const path of records) writeFileSync(path, '')
  const [waited, followed] = await Promise.all([
    tool.call(['wait', run_id]),
    tool.call(['logs', run_id, '-f']),
  ])
  const envelope = checked(waited)
  expect(envelope.meta.exit_code).toBe(4)
  expect(envelope.error).toMatchObject({
    code: 'RECORDS_UNUSABLE',
    context: { run_ids: [run_id] },
    fix_command: expect.stringMatching(` show ${run_id}$`),
  })
  expect(envelope.data.runs).toMatchObject([{ run_id, status: 'unknown', owner: 'unknown' }])
  expect(followed.code, followed.stdout).toBe(0)
  expect(isAlive(background_pid)).toBe(true)
  for (const [index, path] of records.entries()) writeFileSync(path, contents[index] ?? '')
  expect((await tool.call(['stop', run_id])).code).toBe(0)
  await sandbox.nothingLeft()
})

test('a call within a run does not wait for it: neither would ever end', async () => {
  const { sandbox, launcher: tool } = launcher()
  const inside = `"${process.execPath}" "${tool.script}" wait`
  const { run_id } = await tool.launch(
    script(
      sandbox,
      'inside',
      `${inside} "$LAUNCHER_RUN_ID" >"$1/named.tmp"; mv "$1/named.tmp" "$1/named"
       ${inside} --session "$LAUNCHER_SESSION_ID" >"$1/session.tmp"; mv "$1/session.tmp" "$1/session"`,
    ),
    { session: 'job' },
  )
  expect(JSON.parse(await written(sandbox, 'named')).error).toMatchObject({
    code: 'WAITS_FOR_ITSELF',
    context: { run_id },
  })
  // Of its session there is nobody else.
  expect(JSON.parse(await written(sandbox, 'session'))).toMatchObject({ ok: true, data: { runs: [] } })
  await tool.endOf(run_id)
})

test('nothing named, an unknown run and an unknown session are refused', async () => {
  const { launcher: tool } = launcher()
  for (const [argv, code, error] of [
    [['wait'], 2, 'ARG_ERROR'],
    [['wait', 'xyz'], 2, 'ARG_ERROR'],
    [['wait', 'ffffffffffff'], 5, 'RUN_NOT_FOUND'],
    [['wait', '--session', 'nobody'], 5, 'SESSION_NOT_FOUND'],
  ] as const) {
    const envelope = checked(await tool.call(argv))
    expect([envelope.meta.exit_code, envelope.error.code], argv.join(' ')).toEqual([code, error])
  }
})

/** Kills owner and guard at once, and whoever else is named, so that neither can end the run. */
function loseOwner(tool: Launcher, run_id: string, ...others: number[]): void {
  const { owner, guard } = JSON.parse(readFileSync(join(tool.state, 'runs', run_id, 'owner.json'), 'utf8'))
  execFileSync('kill', ['-KILL', ...others, guard.pid, owner.pid].map(String))
}

/** A call whose output is read as it comes. */
function begun(sandbox: Sandbox, tool: Launcher, argv: readonly string[]) {
  const child = sandbox.spawn(argv, tool.with({}))
  let stdout = ''
  child.stdout?.on('data', chunk => {
    stdout += chunk
  })
  return { child, answer: finished(child), stdout: () => stdout }
}

/** At once: what its owner writes meanwhile is not in the way. */
function removed(path: string): void {
  renameSync(path, `${path}.gone`)
  rmSync(`${path}.gone`, { recursive: true })
}

/** Whether a call has installed its handlers: HUP, which Node leaves alone, comes with the others (proc_pid_status(5)). */
function isWaiting(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return (BigInt(`0x${caught}`) & 1n) !== 0n
}
