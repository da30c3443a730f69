/** Many at once: starts in one session, stops of all of them; nothing is lost, nothing is left. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { Launcher, type Started } from './launcher.js'
import { SLEEPER } from './programs.js'

/** A deadline for a test that starts dozens of runs on a busy machine, in ms. */
const MANY = 180_000

const byNumber = (a: number, b: number): number => a - b

test('50 starts at once in one session: 50 pids in children.pids, all alive, and one session stop ends them all', {
  timeout: MANY,
}, async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const started = await Promise.all(
    Array.from({ length: 50 }, () => launcher.launch(SLEEPER, { session: 'crowd' })),
  )
  const pids = started.map(({ background_pid }) => background_pid).sort(byNumber)
  expect(new Set(pids).size).toBe(50)
  expect(pids.filter(isAlive)).toEqual(pids)
  const pid_file = started[0]?.pid_file ?? ''
  expect(readFileSync(pid_file, 'utf8')).toBe(pids.map(pid => `${pid}\n`).join(''))
  expect(sandbox.survivors().filter(({ command }) => command === 'sleep 3600')).toHaveLength(50)

  const stopped = await launcher.call(['session', 'stop', 'crowd'])
  expect(pids.filter(isAlive)).toEqual([])
  expect(stopped.code, stopped.stdout).toBe(0)
  expect(stopped.envelope.data.session_stopped).toBe(true)
  expect(stopped.envelope.data.stopped).toHaveLength(50)
  for (const result of stopped.envelope.data.stopped)
    expect(result).toMatchObject({ outcome: 'stopped', stop_cause: 'session_stop', exit_reason: 'signal' })
  await sandbox.nothingLeft()
  expect(existsSync(pid_file)).toBe(false)
})

test('starts and natural ends in one session at once leave a pid file that names exactly who lives', {
  timeout: MANY,
}, async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const pid_file = join(launcher.state, 'sessions', 'mixed', 'children.pids')
  for (let round = 0; round < 3; round += 1) {
    const started = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        launcher.launch(i % 2 === 0 ? ['true'] : SLEEPER, { session: 'mixed' }),
      ),
    )
    const living = started.filter((_, i) => i % 2 !== 0).map(({ background_pid }) => background_pid)
    await Promise.all(started.filter((_, i) => i % 2 === 0).map(({ run_id }) => launcher.endOf(run_id)))
    const expected = living
      .sort(byNumber)
      .map(pid => `${pid}\n`)
      .join('')
    await until(
      'the pid file to agree',
      () => existsSync(pid_file) && readFileSync(pid_file, 'utf8') === expected,
    )
    await launcher.call(['session', 'stop', 'mixed'])
    await until('the pid file to go', () => !existsSync(pid_file))
  }
})

test('stops of single runs and of their session at once all end well, each run with one end', {
  timeout: MANY,
}, async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const started: Started[] = []
  for (let i = 0; i < 8; i += 1) started.push(await launcher.launch(SLEEPER, { session: 'contended' }))
  const answers = await Promise.all([
    ...started.map(({ cleanup_command }) => launcher.sh(cleanup_command)),
    launcher.call(['session', 'stop', 'contended']),
    launcher.call(['cleanup', '--session', 'contended']),
  ])
  expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 0))
  expect(started.filter(({ background_pid }) => isAlive(background_pid))).toEqual([])
  for (const { run_id } of started)
    expect(await launcher.endOf(run_id)).toMatchObject({ signal: 'SIGTERM', survivors: [] })
  await sandbox.nothingLeft()
})

test('a lock on the pid file whose holder died delays no start, and the file is right all the same', {
  timeout: MANY,
}, async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const first = await launcher.launch(SLEEPER, { session: 'locked' })
  // What a holder leaves that was killed a moment ago: its lock directory, renewed just now.
  await sandbox.sh(`mkdir "${first.pid_file}.lock"`)
  writeFileSync(first.pid_file, 'stale\n')
  const second = await launcher.launch(SLEEPER, { session: 'locked' })
  const expected = [first, second].map(({ background_pid }) => background_pid).sort(byNumber)
  expect(readFileSync(first.pid_file, 'utf8')).toBe(expected.map(pid => `${pid}\n`).join(''))
  expect((await launcher.call(['session', 'stop', 'locked'])).code).toBe(0)
})
