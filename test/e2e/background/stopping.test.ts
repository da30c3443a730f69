/** `stop` says that a run is stopped only when its whole tree is gone, and leaves everything else alone. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { gone, guardOf, shimOf, stateOf } from './holders.js'
import { Launcher } from './launcher.js'
import { family, familyOf, pidIn, SLEEPER, script, stubborn } from './programs.js'

test('a program that ignores TERM is killed after the grace, and only then called stopped', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id } = await launcher.launch(stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')

  const stopped = await launcher.call(['stop', '--kill-after', '500ms', run_id])
  expect(isAlive(background_pid)).toBe(false)
  expect(stopped.code, stopped.stdout).toBe(0)
  const [result] = stopped.envelope.data.stopped
  expect(result).toMatchObject({ outcome: 'stopped', exit_reason: 'forced_kill', stop_cause: 'user' })
  expect(result.waited_ms).toBeGreaterThanOrEqual(500)
  await sandbox.nothingLeft()
})

test.each([
  ['stop', (run_id: string) => ['stop', run_id]],
  ['session stop', () => ['session', 'stop', 's']],
  ['cleanup', () => ['cleanup', '--all-sessions']],
] as const)(
  '%s with a grace of more than a year, or of nothing that is a time, ends nothing',
  async (_, words) => {
    const sandbox = Sandbox.create()
    const { data } = (await sandbox.call(['start', '--session', 's', '--', ...SLEEPER])).envelope
    for (const grace of ['366d', '99999999999999s', '-1s', 'soon']) {
      const refused = await sandbox.call([...words(data.run_id), '--kill-after', grace])
      expect([refused.code, refused.envelope.error.code], grace).toEqual([2, 'ARG_ERROR'])
      expect(refused.envelope.error.message).toContain('--kill-after')
    }
    expect(isAlive(data.background_pid)).toBe(true)
    expect((await sandbox.call(['stop', data.run_id, '--kill-after', '365d'])).code).toBe(0)
  },
)

test('a program that is stopped by SIGSTOP is ended, too', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, cleanup_command } = await launcher.launch(SLEEPER)
  process.kill(background_pid, 'SIGSTOP')
  await until('the program to stop', () => stateOf(background_pid) === 'T')

  const stopped = await launcher.sh(cleanup_command)
  expect(isAlive(background_pid)).toBe(false)
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', exit_reason: 'signal' }])
})

test.each([
  { kind: 'obeys TERM', prelude: '' },
  { kind: 'ignores TERM', prelude: `trap '' TERM` },
])(
  'a family that $kind is gone when the answer comes: group, session of its own, and orphan',
  async ({ prelude }) => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox)
    const { background_pid, run_id } = await launcher.launch(family(sandbox, prelude))
    const pids = [background_pid, ...(await familyOf(sandbox))]

    const stopped = await launcher.call(['stop', '--kill-after', '1s', run_id])
    expect(pids.filter(isAlive)).toEqual([])
    expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
    await sandbox.nothingLeft()
  },
)

test('a program that ends by itself has its descendants ended, and its own end told as it was', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const program = script(sandbox, 'short', 'sleep 3600 & echo $! >"$1/child.pid"; exit 7')
  const { run_id } = await launcher.launch(program)
  await gone(await pidIn(sandbox, 'child'))

  expect(await launcher.endOf(run_id)).toMatchObject({
    exit_code: 7,
    exit_reason: 'natural',
    stop_cause: null,
    descendants_killed: 1,
  })
  await sandbox.nothingLeft()
})

test('what escapes at once into a session of its own is ended or listed, and the next stop ends what was listed', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const daemon = `setsid sh -c '(sh -c "echo \\$\\$ >\\"\\$1/daemon.pid\\"; exec sleep 3600" sh "$1" &)' sh "$1"`
  const { background_pid, run_id } = await launcher.launch(
    script(sandbox, 'daemonize', `${daemon}; exec sleep 3600`),
  )
  const pid = await pidIn(sandbox, 'daemon')

  const first = await launcher.call(['stop', run_id])
  expect(isAlive(background_pid)).toBe(false)
  const [result] = first.envelope.data.stopped
  if (isAlive(pid)) {
    expect(first.code).toBe(3)
    const left_alone = { pid, cmd: 'sleep 3600', tried: false }
    expect(result).toMatchObject({ outcome: 'survivors', survivors: [left_alone] })
    expect(first.envelope.error.message).toContain('left alone')
    expect((await launcher.call(['ps'])).envelope.data.runs).toMatchObject([{ run_id, leftovers: 1 }])
  } else {
    expect(result).toMatchObject({ outcome: 'stopped', survivors: [] })
  }
  await launcher.sh(first.envelope.error?.fix_command ?? `node '${launcher.script}' stop ${run_id}`)
  expect(isAlive(pid)).toBe(false)
  expect((await launcher.call(['ps'])).envelope.data.runs).toEqual([])
})

test('an owner that does not answer is not called stopped: exit 10, and --force goes past it', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id } = await launcher.launch(family(sandbox))
  const pids = [background_pid, ...(await familyOf(sandbox))]
  const shim = shimOf(sandbox, run_id)
  process.kill(shim, 'SIGSTOP')

  const hung = await launcher.call(['stop', '--kill-after', '0', run_id])
  expect(hung.code, hung.stdout).toBe(10)
  expect(hung.envelope.error.code).toBe('OWNER_HUNG')
  expect(pids.filter(isAlive)).toEqual(pids)

  const forced = await launcher.call(['stop', '--force', run_id])
  expect(pids.filter(isAlive)).toEqual([])
  expect(forced.code, forced.stdout).toBe(0)
  expect(forced.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', exit_reason: 'forced_kill' }])
  await gone(shim)
  await sandbox.nothingLeft()
})

test('two that stop one run at once both see it stopped, for one cause', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id } = await launcher.launch(stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')

  const stops = await Promise.all([1, 2].map(() => launcher.call(['stop', '--kill-after', '500ms', run_id])))
  expect(isAlive(background_pid)).toBe(false)
  for (const { code, envelope } of stops) {
    expect(code).toBe(0)
    expect(envelope.data.stopped).toMatchObject([{ outcome: 'stopped', stop_cause: 'user' }])
  }
})

test('a second stop with --force ends the grace of the first', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id } = await launcher.launch(stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')
  const patient = launcher.call(['stop', '--kill-after', '10m', run_id])
  await until('the first request', async () => {
    const shown = await launcher.call(['show', run_id])
    return shown.envelope.data.stop_cause === 'user'
  })
  expect(isAlive(background_pid)).toBe(true)

  const forced = await launcher.call(['stop', '--force', run_id])
  expect(isAlive(background_pid)).toBe(false)
  expect(forced.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', exit_reason: 'forced_kill' }])
  expect((await patient).envelope.data.stopped).toMatchObject([{ outcome: 'stopped' }])
})

test('by force a program hears no TERM, whichever of the two requests its owner finds', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const body = `trap ': >"$1/heard"' TERM; : >"$1/deaf"; while :; do sleep 0.05; done`
  const { run_id } = await launcher.launch(script(sandbox, 'listening', body))
  await until('it to listen', () => existsSync(join(sandbox.path, 'deaf')))
  // The second one cannot be found, as in the moment before it is written.
  symlinkSync('/nonexistent', join(launcher.state, 'runs', run_id, 'force.json'))
  const { envelope } = await launcher.call(['stop', '--force', run_id])
  expect(envelope.data.stopped).toMatchObject([{ outcome: 'stopped', exit_reason: 'forced_kill' }])
  expect(existsSync(join(sandbox.path, 'heard'))).toBe(false)
})

test('stopping what has ended changes nothing and says so', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { run_id, cleanup_command } = await launcher.launch(['true'])
  await launcher.endOf(run_id)
  const stopped = await launcher.sh(cleanup_command)
  expect(stopped.code).toBe(0)
  expect(stopped.envelope.data).toMatchObject({
    effect: 'noop',
    stopped: [{ outcome: 'already_ended', exit_reason: 'natural', stop_cause: null }],
  })
})

test('a recorded pid that another process has by now is not signalled', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id } = await launcher.launch(SLEEPER)
  const shim = shimOf(sandbox, run_id)
  for (const pid of [guardOf(sandbox, shim), shim, background_pid]) process.kill(pid, 'SIGKILL')
  await sandbox.nothingLeft()
  // As if the kernel had gone through all pids and come back to this one.
  const bystander = spawn('sleep', ['3600'], { env: { SANDBOX: sandbox.token } })
  for (const name of ['main.json', 'seen.log']) {
    const path = join(launcher.state, 'runs', run_id, name)
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replaceAll(`"pid":${background_pid},`, `"pid":${bystander.pid},`),
    )
  }

  const stopped = await launcher.call(['stop', '--kill-after', '0', run_id])
  expect(stopped.code, stopped.stdout).toBe(0)
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', exit_reason: null }])
  expect(bystander.exitCode).toBe(null)
  expect(bystander.signalCode).toBe(null)
  expect(isAlive(bystander.pid ?? 0)).toBe(true)
  bystander.kill('SIGKILL')
  await sandbox.nothingLeft()
})

test('stop-watcher tells a watcher whose owner does not answer from one that is gone: exit 10, OWNER_HUNG', async () => {
  const sandbox = Sandbox.create()
  const { envelope } = await sandbox.call(['start-watcher', '--dir', sandbox.path])
  const { run_id, background_pid, cleanup_command } = envelope.data
  const shim = shimOf(sandbox, run_id)
  process.kill(shim, 'SIGSTOP')
  const hung = await sandbox.sh(cleanup_command)
  expect(hung.code, hung.stdout).toBe(10)
  expect(hung.envelope.error.code).toBe('OWNER_HUNG')
  expect(hung.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'owner_hung' }])
  expect(isAlive(background_pid)).toBe(true)

  process.kill(shim, 'SIGCONT')
  expect((await sandbox.sh(cleanup_command)).code).toBe(0)
  expect(isAlive(background_pid)).toBe(false)
})
