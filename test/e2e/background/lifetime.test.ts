/** The declared lifetime, kept with nobody calling again, whoever of ours was killed meanwhile. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { gone, shimOf } from './holders.js'
import { Launcher } from './launcher.js'
import { family, pidIn, SLEEPER, stubborn } from './programs.js'

const endOf = (launcher: Launcher, run_id: string) =>
  until('the end record', () => {
    const path = join(launcher.state, 'runs', run_id, 'end.json')
    return existsSync(path) && JSON.parse(readFileSync(path, 'utf8'))
  })

test('a run is ended when its lifetime is over, with its whole tree and nobody calling again', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { max_lifetime_seconds: 2 })
  const { background_pid, run_id } = await launcher.launch(family(sandbox))
  const pids = [background_pid, await pidIn(sandbox, 'setsid'), await pidIn(sandbox, 'orphan')]
  expect(pids.filter(isAlive)).toEqual(pids)

  await sandbox.nothingLeft()
  expect(await endOf(launcher, run_id)).toMatchObject({ stop_cause: 'max_lifetime', survivors: [] })
  expect(existsSync(join(launcher.state, 'live', run_id))).toBe(false)
})

test('the lifetime is kept by a program that ignores TERM, too', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { max_lifetime_seconds: 2 })
  const { background_pid, run_id } = await launcher.launch(stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')

  await gone(background_pid)
  expect(await endOf(launcher, run_id)).toMatchObject({
    stop_cause: 'max_lifetime',
    exit_reason: 'forced_kill',
    signal: 'SIGKILL',
  })
  await sandbox.nothingLeft()
})

test('a starter killed as soon as it has answered changes nothing: the run lives on to its lifetime and no longer', async () => {
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
  const pids = [background_pid, await pidIn(sandbox, 'setsid'), await pidIn(sandbox, 'orphan')]
  process.kill(shimOf(sandbox, run_id), 'SIGKILL')

  for (const pid of pids) await gone(pid)
  expect(await endOf(launcher, run_id)).toMatchObject({
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
  expect(await endOf(launcher, run_id)).toMatchObject({
    stop_cause: 'owner_lost',
    exit_reason: 'forced_kill',
    signal: 'SIGKILL',
  })
  await sandbox.nothingLeft()
})
