/** The declared lifetime, kept with nobody calling again, whoever of ours was killed meanwhile. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { gone, shimOf } from './holders.js'
import { Launcher } from './launcher.js'
import { family, familyOf, pidIn, SLEEPER, stubborn } from './programs.js'

test('a run is ended when its lifetime is over, with its whole tree and nobody calling again', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { max_lifetime_seconds: 5 })
  const { run_id } = await launcher.launch(family(sandbox))
  await pidIn(sandbox, 'setsid')

  await sandbox.nothingLeft()
  expect(await launcher.endOf(run_id)).toMatchObject({ stop_cause: 'max_lifetime', survivors: [] })
  expect(existsSync(join(launcher.state, 'live', run_id))).toBe(false)
})

test('the lifetime is kept by a program that ignores TERM, too', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { max_lifetime_seconds: 5 })
  const { background_pid, run_id } = await launcher.launch(stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')

  await gone(background_pid)
  expect(await launcher.endOf(run_id)).toMatchObject({
    stop_cause: 'max_lifetime',
    exit_reason: 'forced_kill',
    signal: 'SIGKILL',
  })
  await sandbox.nothingLeft()
})

test('a run whose starter was killed as soon as it had answered lives no longer than its lifetime', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { max_lifetime_seconds: 2 })
  const caller = sandbox.spawn(['launch', '--', ...SLEEPER], launcher.with({}))
  let said = ''
  await new Promise<void>(resolve => {
    caller.stdout?.setEncoding('utf8').on('data', text => {
      said += text
      if (said.endsWith('\n')) {
        caller.kill('SIGKILL')
        resolve()
      }
    })
  })
  const { background_pid } = JSON.parse(said).data
  await gone(background_pid)
  await sandbox.nothingLeft()
})

test('a shim killed by SIGKILL takes its run with it, long before the lifetime is over', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id } = await launcher.launch(family(sandbox))
  const pids = [background_pid, ...(await familyOf(sandbox))]
  process.kill(shimOf(sandbox, run_id), 'SIGKILL')

  for (const pid of pids) await gone(pid)
  expect(await launcher.endOf(run_id)).toMatchObject({
    stop_cause: 'owner_lost',
    reconcile_reason: 'owner_lost',
    exit_code: null,
    survivors: [],
  })
  await sandbox.nothingLeft()
})

test('a shim killed by SIGKILL takes a program with it that ignores TERM', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id } = await launcher.launch(stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')
  process.kill(shimOf(sandbox, run_id), 'SIGKILL')

  await gone(background_pid)
  expect(await launcher.endOf(run_id)).toMatchObject({
    stop_cause: 'owner_lost',
    exit_reason: 'forced_kill',
    signal: 'SIGKILL',
  })
  await sandbox.nothingLeft()
})
