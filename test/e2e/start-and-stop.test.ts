/** The whole path of one background process, from outside: start, answer, look, stop, look again. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from './harness/sandbox.js'
import { until } from './harness/until.js'
import { isAlive } from './harness/witness.js'

test('a watcher is started, answers with its pid, records changes, and is ended by the command that the answer names', async () => {
  const sandbox = Sandbox.create()
  const dir = sandbox.directory('watched')
  const started = await sandbox.call(['start-watcher', '--dir', dir])
  expect(started.code, started.stdout).toBe(0)
  const { data, meta } = started.envelope
  expect(data.watching).toBe(dir)
  expect(isAlive(data.background_pid)).toBe(true)
  expect(readFileSync(data.pid_file, 'utf8')).toBe(`${data.background_pid}\n`)
  expect(meta.session_pid_file).toBe(data.pid_file)

  writeFileSync(join(dir, 'new.txt'), 'x')
  await until('the create line', () => readFileSync(data.log_path, 'utf8').includes('"event":"create"'))

  const stopped = await sandbox.sh(data.cleanup_command)
  expect(stopped.code, stopped.stdout).toBe(0)
  expect(stopped.envelope.data.stopped).toMatchObject([
    { run_id: data.run_id, outcome: 'stopped', stop_cause: 'user' },
  ])
  expect(isAlive(data.background_pid)).toBe(false)
  await sandbox.nothingLeft()

  const shown = await sandbox.call(['show', data.run_id.slice(0, 6)])
  expect(shown.envelope.data).toMatchObject({
    run_id: data.run_id,
    status: 'exited',
    exit_reason: 'natural',
    alive: false,
  })
})
