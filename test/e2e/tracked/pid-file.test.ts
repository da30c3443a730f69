/** The session's pid file while tracked children run, and afterwards. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { go, living, note, pidFile, pidIn, pidsIn, probe } from './probe.js'

test('REQ-F-030: the session tracking file is there and readable while children run, names exactly them, and is gone with them', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const child = name => ctx.run(['sh', '-c', 'echo $$ > $0; while [ ! -e end-$0 ]; do sleep 0.02; done', name])
     await Promise.all([child('one'), child('two')])
     return {}`,
  )
  const { answer } = go(sandbox, script, ['--session', 's1'])
  const one = await pidIn(sandbox, 'one')
  const two = await pidIn(sandbox, 'two')
  const path = pidFile(sandbox, 's1')
  await until('both pids in the file', () => pidsIn(path).length === 2)
  expect(pidsIn(path)).toEqual([one, two].sort())
  expect(readFileSync(path, 'utf8')).toMatch(/^\d+\n\d+\n$/)
  expect(statSync(path).mode & 0o777).toBe(0o600)

  note(sandbox, 'one ends')
  sandbox.file('end-one', '')
  await until('one pid in the file', () => pidsIn(path).length === 1)
  expect(pidsIn(path)).toEqual([two])
  sandbox.file('end-two', '')
  const { code, envelope } = await answer
  expect(code).toBe(0)
  expect(existsSync(path)).toBe(false)
  // Nothing of the session is left, so the answer names no file (contract A-03).
  expect(envelope.meta).not.toHaveProperty('session_pid_file')
})

test('REQ-F-030: the pid file can be used as people use it: kill $(cat …) ends the children', async () => {
  const sandbox = Sandbox.create()
  const script = probe(sandbox, `return await ctx.run(['sh', '-c', 'echo $$ > one; exec sleep 1000'])`)
  const { answer } = go(sandbox, script, ['--session', 's1'])
  const pid = await pidIn(sandbox, 'one')
  const path = pidFile(sandbox, 's1')
  await until('the pid in the file', () => pidsIn(path).includes(pid))
  await sandbox.sh(`kill $(cat ${path})`)
  const { code, envelope } = await answer
  expect(code).toBe(0)
  expect(envelope.data).toMatchObject({ exit_code: null, signal: 'SIGTERM', timed_out: false })
})

test('REQ-F-030: meta.session_pid_file names the file while another call of the session still has children', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const name = ctx.env.NAME
     await ctx.run(['sh', '-c', 'echo $$ > $0; while [ ! -e end-$0 ]; do sleep 0.02; done', name])
     return {}`,
  )
  const start = (name: string) => sandbox.call(['go', '--session', 's1'], { script, env: { NAME: name } })
  const long = start('long')
  const pid = await pidIn(sandbox, 'long')
  sandbox.file('end-short', '')
  const { envelope } = await start('short')
  const path = pidFile(sandbox, 's1')
  expect(envelope.meta.session_pid_file).toBe(path)
  expect(pidsIn(path)).toEqual([pid])
  expect(isAlive(pid)).toBe(true)
  sandbox.file('end-long', '')
  expect((await long).envelope.meta).not.toHaveProperty('session_pid_file')
  expect(existsSync(path)).toBe(false)
})

test('a hundred children at once all run, are all named, and leave neither a process nor a pid file behind', {
  timeout: 180_000,
}, async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const runs = await Promise.all(Array.from({ length: 100 }, (_, n) =>
       ctx.run(['sh', '-c', 'echo started >> log; while [ ! -e end ]; do sleep 0.1; done; echo $0; exit $0', String(n)])))
     return { wrong: runs.filter((run, n) => run.exit_code !== n || run.stdout !== n + '\\n'), ids: new Set(runs.map(run => run.run_id)).size }`,
  )
  const { answer } = go(sandbox, script, ['--session', 's1'])
  const path = pidFile(sandbox, 's1')
  await until('a hundred pids', () => pidsIn(path).length === 100, 120_000)
  sandbox.file('end', '')
  const { code, envelope } = await answer
  expect(code).toBe(0)
  expect(envelope.data).toEqual({ wrong: [], ids: 100 })
  expect(existsSync(path)).toBe(false)
  expect(living(sandbox, 'sleep')).toEqual([])
  await sandbox.nothingLeft()
})

test('SIGTERM while a hundred children are being started ends all that did, and answers once', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `for (let n = 0; n < 100; n += 1) { void ctx.run(['sh', '-c', 'echo started >> log; sleep 1000 & wait']); if (n % 10 === 9) await pause(1) }
     note('all asked for')
     await forever()`,
  )
  const { child, answer } = go(sandbox, script)
  await until('the first child', () => existsSync(join(sandbox.path, 'log')))
  child.kill('SIGTERM')
  const { code, stdout } = await answer
  expect(code, stdout).toBe(143)
  expect(living(sandbox, 'sleep 1000')).toEqual([])
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CANCELLED' }, warnings: [] })
  await sandbox.nothingLeft()
})
