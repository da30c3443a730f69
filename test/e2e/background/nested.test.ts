/** Runs inside runs: each has an owner of its own. A stop of the outer one ends the inner ones through theirs, and waits. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { gone, guardOf, shimOf } from './holders.js'
import { Launcher, type Started } from './launcher.js'
import { pidIn, SLEEPER, script, stubborn } from './programs.js'

/** An outer program that starts an inner run by the same tool, then does as told. */
async function outer(
  sandbox: Sandbox,
  launcher: Launcher,
  inner: readonly string[],
  then: string,
): Promise<{ outer: Started; inner: Started }> {
  const program = script(
    sandbox,
    'outer',
    `"${process.execPath}" "${launcher.script}" launch --session inner -- ${inner.join(' ')} >"$1/inner.tmp" && mv "$1/inner.tmp" "$1/inner.json"; ${then}`,
  )
  const started = await launcher.launch(program, { session: 'outer' })
  const path = join(sandbox.path, 'inner.json')
  await until('the inner run', () => existsSync(path))
  return { outer: started, inner: JSON.parse(readFileSync(path, 'utf8')).data }
}

test('a stop of the outer run ends the inner one through its own owner, and says stopped only then', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const runs = await outer(sandbox, launcher, stubborn(sandbox), 'sleep 3600')
  await pidIn(sandbox, 'stubborn')

  const stopped = await launcher.call(['stop', '--kill-after', '1s', runs.outer.run_id])
  expect([runs.outer, runs.inner].map(({ background_pid }) => isAlive(background_pid))).toEqual([
    false,
    false,
  ])
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', stop_cause: 'user' }])
  expect(await launcher.endOf(runs.inner.run_id)).toMatchObject({
    stop_cause: 'parent_run',
    exit_reason: 'forced_kill',
    reconcile_reason: null,
  })
  const shown = await launcher.call(['show', runs.inner.run_id])
  expect(shown.envelope.data.parent_run_id).toBe(runs.outer.run_id)
  await sandbox.nothingLeft()
})

test('an outer run that ends by itself leaves the inner one to its own owner', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const runs = await outer(sandbox, launcher, SLEEPER, 'exit 0')
  expect(await launcher.endOf(runs.outer.run_id)).toMatchObject({
    exit_code: 0,
    exit_reason: 'natural',
    leftovers: [],
    survivors: [],
  })
  expect(isAlive(runs.inner.background_pid)).toBe(true)
  expect((await launcher.call(['ps'])).envelope.data.runs).toMatchObject([
    { run_id: runs.inner.run_id, owner: 'alive' },
  ])
  expect((await launcher.sh(runs.inner.cleanup_command)).code).toBe(0)
})

test('the guard of an outer run ends the inner one, too', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const runs = await outer(sandbox, launcher, SLEEPER, 'sleep 3600')
  process.kill(shimOf(sandbox, runs.outer.run_id), 'SIGKILL')
  await gone(runs.outer.background_pid)
  await gone(runs.inner.background_pid)
  expect(await launcher.endOf(runs.inner.run_id)).toMatchObject({ stop_cause: 'parent_run' })
  await sandbox.nothingLeft()
})

test('the stop of an outer run whose owner and guard are gone ends the inner one, too', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const runs = await outer(sandbox, launcher, SLEEPER, 'sleep 3600')
  const shim = shimOf(sandbox, runs.outer.run_id)
  process.kill(guardOf(sandbox, shim), 'SIGKILL')
  process.kill(shim, 'SIGKILL')
  const stopped = await launcher.call(['stop', runs.outer.run_id])
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped' }])
  expect([runs.outer, runs.inner].map(({ background_pid }) => isAlive(background_pid))).toEqual([
    false,
    false,
  ])
  await sandbox.nothingLeft()
})

test('KILL to an outer run does not lose the tracked child of a call inside it', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  // The inner call holds a tracked child: its owner is the call itself, with a guard beside it.
  const inner = sandbox.tool(
    'inner',
    readFileSync(launcher.script, 'utf8').replace(
      'await ctx.background.spawn(args.program, SPAWN_OPTIONS)',
      'await ctx.run(args.program)',
    ),
  )
  const program = [process.execPath, inner, 'launch', '--', ...stubborn(sandbox)]
  const { run_id, background_pid } = await launcher.launch(program)
  const child = await pidIn(sandbox, 'stubborn')

  const stopped = await launcher.call(['stop', '--force', run_id])
  expect(isAlive(background_pid)).toBe(false)
  const [result] = stopped.envelope.data.stopped
  // Its guard ends it, which takes a moment; until then nobody says that all is gone.
  if (result.outcome === 'survivors') expect(result.survivors).toMatchObject([{ pid: child }])
  else expect([result.outcome, result.survivors, isAlive(child)]).toEqual(['stopped', [], false])
  await sandbox.nothingLeft()
})
