/** An environment is easily copied: what carries the marker of a run that is not inside ours is ours to end all the same. */
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { isAlive } from '../harness/witness.js'
import { gone, guardOf, shimOf } from './holders.js'
import { Launcher } from './launcher.js'
import { pidIn, SLEEPER, script } from './programs.js'

/** Of no run that was ever recorded here. */
const NOBODY = 'LAUNCHER_RUN_ID=deadbeef0000'

test('a main program that names another run in its environment is stopped', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id, cleanup_command } = await launcher.launch(['env', NOBODY, ...SLEEPER])
  const stopped = await launcher.sh(cleanup_command)
  expect(isAlive(background_pid)).toBe(false)
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
  expect(await launcher.endOf(run_id)).toMatchObject({ signal: 'SIGTERM', stop_cause: 'user' })
  await sandbox.nothingLeft()
})

test('a main program that names a run which lives beside its own is stopped, with what it started', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const beside = await launcher.launch(SLEEPER)
  const { background_pid, cleanup_command } = await launcher.launch([
    'env',
    `LAUNCHER_RUN_ID=${beside.run_id}`,
    ...script(sandbox, 'parent', 'sleep 3600 & echo $! >"$1/child.pid"; wait'),
  ])
  const child = await pidIn(sandbox, 'child')
  const stopped = await launcher.sh(cleanup_command)
  expect([background_pid, child, beside.background_pid].map(isAlive)).toEqual([false, false, true])
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
  expect((await launcher.sh(beside.cleanup_command)).code).toBe(0)
  await sandbox.nothingLeft()
})

test('its lifetime is kept, and so it is when its owner is killed', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { max_lifetime_seconds: 2 })
  const expired = await launcher.launch(['env', NOBODY, ...SLEEPER])
  await gone(expired.background_pid)
  expect(await launcher.endOf(expired.run_id)).toMatchObject({ stop_cause: 'max_lifetime' })

  const held = new Launcher(sandbox, { name: 'holder' })
  const orphaned = await held.launch(['env', 'HOLDER_RUN_ID=deadbeef0000', ...SLEEPER])
  process.kill(shimOf(sandbox, orphaned.run_id), 'SIGKILL')
  await gone(orphaned.background_pid)
  expect(await held.endOf(orphaned.run_id)).toMatchObject({ stop_cause: 'owner_lost', survivors: [] })
  await sandbox.nothingLeft()
})

test('descendants that name no run, one that has ended, or the run around theirs, are stopped', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const ended = await launcher.launch(['true'])
  await launcher.endOf(ended.run_id)
  // The outer run lives: it starts the inner one, and hands it its own marker once more.
  const inner = script(
    sandbox,
    'inner',
    `${NOBODY} sleep 3600 & echo $! >"$1/nobody.pid"
LAUNCHER_RUN_ID=${ended.run_id} sleep 3600 & echo $! >"$1/ended.pid"
LAUNCHER_RUN_ID="$OUTER" setsid sleep 3600 & echo $! >"$1/around.pid"
wait`,
  )
  const outer = await launcher.launch(
    script(
      sandbox,
      'outer',
      `export OUTER="$LAUNCHER_RUN_ID"
"${process.execPath}" "${launcher.script}" launch --session inner -- ${inner.join(' ')} >"$1/inner.json"
echo $$ >"$1/outer.pid"; exec sleep 3600`,
    ),
  )
  await pidIn(sandbox, 'outer')
  const pids = await Promise.all(['nobody', 'ended', 'around'].map(name => pidIn(sandbox, name)))
  expect(pids.map(isAlive)).toEqual([true, true, true])

  const stopped = await launcher.call(['session', 'stop', 'inner'])
  expect(pids.map(isAlive)).toEqual([false, false, false])
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
  expect(isAlive(outer.background_pid)).toBe(true)
  expect((await launcher.sh(outer.cleanup_command)).code).toBe(0)
  await sandbox.nothingLeft()
})

test('what a dead owner left is ended, whatever run it names, when its guard is dead too', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id, cleanup_command } = await launcher.launch(['env', NOBODY, ...SLEEPER])
  const shim = shimOf(sandbox, run_id)
  const guard = guardOf(sandbox, shim)
  process.kill(guard, 'SIGKILL')
  process.kill(shim, 'SIGKILL')
  await Promise.all([guard, shim].map(gone))
  expect(isAlive(background_pid)).toBe(true)
  const stopped = await launcher.sh(cleanup_command)
  expect(isAlive(background_pid)).toBe(false)
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
  await sandbox.nothingLeft()
})
