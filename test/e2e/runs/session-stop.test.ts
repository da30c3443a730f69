/** The stop of a session: one sequence for all its runs, whoever asks for it and how many at once, and one word at its end. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pidIn, SLEEPER, script, stubborn } from '../background/programs.js'
import { type Answer, finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

type Row = Readonly<Record<string, unknown>>

const start = (sandbox: Sandbox, program: readonly string[]): Promise<Answer> =>
  sandbox.call(['start', '--session', 's', '--', ...program])

const stop = (sandbox: Sandbox, ...options: readonly string[]): Promise<Answer> =>
  sandbox.call(['session', 'stop', 's', ...options])

const stops = (sandbox: Sandbox): string[] => {
  const directory = join(sandbox.state, 'stops')
  return existsSync(directory) ? readdirSync(directory) : []
}

const isMarked = (sandbox: Sandbox) => existsSync(join(sandbox.state, 'sessions', 's', 'stopping.json'))

test('when it answers nothing is left: no run, no process that held one, no file of the session; and again is a noop', async () => {
  const sandbox = Sandbox.create()
  for (let count = 0; count < 4; count += 1) await start(sandbox, SLEEPER)
  await start(sandbox, stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')
  const { code, envelope } = await stop(sandbox, '--kill-after', '3s')
  expect(sandbox.survivors()).toEqual([])
  expect([code, envelope.data.effect, envelope.data.session_stopped]).toEqual([0, 'updated', true])
  const reasons = envelope.data.stopped.map((one: Row) => one['exit_reason']).sort()
  expect(reasons).toEqual(['forced_kill', 'signal', 'signal', 'signal', 'signal'])
  expect(existsSync(join(sandbox.state, 'sessions', 's'))).toBe(false)

  const again = await stop(sandbox)
  expect(again.envelope.data).toEqual({ effect: 'noop', session_id: 's', session_stopped: true, stopped: [] })
  expect(stops(sandbox)).toHaveLength(1)
})

test('of five that stop a session at once all say the same, and one of them records it', async () => {
  const sandbox = Sandbox.create()
  for (let count = 0; count < 3; count += 1) await start(sandbox, SLEEPER)
  await start(sandbox, stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')
  const answers = await Promise.all(Array.from({ length: 5 }, () => stop(sandbox, '--kill-after', '8s')))
  expect(sandbox.survivors()).toEqual([])
  const [first] = answers
  expect(first?.envelope.data.stopped).toHaveLength(4)
  for (const { code, envelope } of answers) {
    expect(code).toBe(0)
    expect(envelope.data).toEqual(first?.envelope.data)
  }
  expect(stops(sandbox)).toHaveLength(1)
  const { data } = (await sandbox.call(['events', '--session', 's', '--limit', '0'])).envelope
  expect(data.events.filter((one: Row) => one['event'] === 'session_stopped')).toHaveLength(1)
  expect(data.events.at(-1).event).toBe('session_stopped')
})

test('starts meanwhile are refused, exit 6; those that were under way are ended too', async () => {
  const sandbox = Sandbox.create()
  await start(sandbox, stubborn(sandbox))
  const stubborn_pid = await pidIn(sandbox, 'stubborn')
  // Some of these begin before the mark of the stop is set.
  const early = Array.from({ length: 3 }, () => start(sandbox, SLEEPER))
  // As long as the stubborn one lives; how long a start takes is the machine's affair.
  const stopping = stop(sandbox, '--kill-after', '100s')
  await until('the mark of the stop', () => isMarked(sandbox))
  const late = await start(sandbox, SLEEPER)
  const starts = await Promise.all(early)
  process.kill(stubborn_pid, 'SIGKILL')
  const stopped = (await stopping).envelope.data
  expect([late.code, late.envelope.error?.code]).toEqual([6, 'SESSION_STOPPING'])
  expect(stopped.session_stopped).toBe(true)
  expect(sandbox.survivors()).toEqual([])
  for (const { code, envelope } of starts) {
    const { run_id } = envelope.data ?? envelope.error.context
    if (code === 0) expect(stopped.stopped).toContainEqual(expect.objectContaining({ run_id }))
    else
      expect([code, envelope.error.code]).toEqual([6, expect.stringMatching(/^S(?:ESSION_STOPPING|TOPPED_)/)])
  }
  // The session can be used again.
  expect((await start(sandbox, SLEEPER)).code).toBe(0)
  expect((await stop(sandbox)).envelope.data.stopped).toHaveLength(1)
})

test('who is killed in the middle of a stop leaves one that others finish, and a session that starts are let into', async () => {
  const sandbox = Sandbox.create()
  await start(sandbox, stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')
  const killed = sandbox.spawn(['session', 'stop', 's', '--kill-after', '10m'])
  const answer = finished(killed)
  await until('the mark of the stop', () => isMarked(sandbox))
  killed.kill('SIGKILL')
  await answer
  expect((await start(sandbox, SLEEPER)).code).toBe(0)
  const { code, envelope } = await stop(sandbox, '--force')
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.data).toMatchObject({ session_stopped: true, stopped: [{}, {}] })
  expect(sandbox.survivors()).toEqual([])
})

test('a stop that is cut short lets runs start again', async () => {
  const sandbox = Sandbox.create()
  await start(sandbox, stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')
  const cut = sandbox.spawn(['session', 'stop', 's', '--kill-after', '10m'])
  const answer = finished(cut)
  await until('the mark of the stop', () => isMarked(sandbox))
  cut.kill('SIGINT')
  expect((await answer).code).toBe(130)
  expect(isMarked(sandbox)).toBe(false)
  expect(stops(sandbox)).toEqual([])
  expect((await stop(sandbox, '--force')).envelope.data.session_stopped).toBe(true)
})

test('what was left alone keeps the session from being called stopped; the next stop ends it', async () => {
  const sandbox = Sandbox.create()
  await start(sandbox, script(sandbox, 'daemon', 'setsid -f sleep 3600; exec sleep 3600'))
  await until(
    'the daemon',
    () => sandbox.survivors().filter(({ command }) => command === 'sleep 3600').length > 1,
  )
  const first = await stop(sandbox)
  const is_clean = sandbox.survivors().length === 0
  expect([first.code, first.envelope.data.session_stopped]).toEqual(is_clean ? [0, true] : [3, false])
  expect(stops(sandbox)).toHaveLength(is_clean ? 1 : 0)
  const second = await stop(sandbox)
  expect(sandbox.survivors()).toEqual([])
  expect([second.code, second.envelope.data.session_stopped]).toEqual([0, true])
  expect(stops(sandbox)).toHaveLength(1)
})

test('the terminal server of a session goes with it, also one in which somebody opened a window of their own', async () => {
  const sandbox = Sandbox.create()
  const started = await sandbox.call(['start', '--session', 's', '--runtime', 'tmux', '--', ...SLEEPER])
  expect(started.code, started.stdout).toBe(0)
  await start(sandbox, SLEEPER)
  const { data } = (await sandbox.call(['show', started.envelope.data.run_id])).envelope
  const { socket } = data.handle
  const opened = await sandbox.sh(`tmux -S '${socket}' new-session -d -s own 'exec sleep 1000'`)
  expect(opened.code, opened.stderr).toBe(0)
  const { code, envelope } = await stop(sandbox)
  expect(sandbox.survivors()).toEqual([])
  expect([code, envelope.data.session_stopped, existsSync(socket)]).toEqual([0, true, false])
})
