/** What others can do to the children of a call: stop one, stop the session, take the records or the means away. */
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { envelopesIn, go, gone, living, log, logged, pidFile, pidIn, pidsIn, probe } from './probe.js'

const CHILD = `await ctx.run(['sh', '-c', 'echo $$ > child; setsid sleep 1000 & echo $! > below; wait'])`

test('a child that is stopped from outside has ended with its descendants when ctx.run answers, and the call goes on', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const stopped = ${CHILD}
     const left = isThere(readFileSync(join(here, 'below'), 'utf8').trim())
     return { stopped, left, next: (await ctx.run(['echo', 'next'])).stdout }`,
  )
  const { answer } = go(sandbox, script, ['--session', 's1'])
  const pid = await pidIn(sandbox, 'child')
  await pidIn(sandbox, 'below')
  const { data } = await until('the run in ps', async () => {
    const { envelope } = await sandbox.call(['ps'], { script })
    return envelope.data.runs[0]?.pid === pid ? envelope : null
  })
  const stop = await sandbox.call(['stop', data.runs[0].run_id], { script })
  expect(stop.code, stop.stdout).toBe(0)
  expect(isAlive(pid)).toBe(false)
  const { code, envelope } = await answer
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.data).toMatchObject({
    stopped: { signal: 'SIGTERM', timed_out: false },
    left: false,
    next: 'next\n',
  })
})

test('while its session is being stopped a call can start nothing new, and what it had is ended', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `let refused = null
     const slow = ctx.run(['sh', '-c', 'trap "" TERM; echo $$ > child; while :; do sleep 0.05; done'])
     while (!existsSync(join(here, 'child'))) await pause(5)
     while (!refused) {
       await ctx.run(['true']).catch(({ details, exit_code }) => {
         // One that was under way when the stop began is stopped before its start.
         if (details.code !== 'STOPPED_BEFORE_START') refused = [details.code, exit_code]
       })
       await pause(5)
     }
     return { refused, slow: (await slow).signal }`,
  )
  const { answer } = go(sandbox, script, ['--session', 's1'])
  const pid = await pidIn(sandbox, 'child')
  const stop = await sandbox.call(['session', 'stop', 's1', '--kill-after', '1s'], { script })
  expect(stop.code, stop.stdout).toBe(0)
  await gone(pid)
  const { code, envelope } = await answer
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.data).toEqual({ refused: ['SESSION_STOPPING', 6], slow: 'SIGKILL' })
})

test('where the state directory cannot be used ctx.run starts nothing, and the call ends with exit 4 and the variable to set', async () => {
  const sandbox = Sandbox.create()
  const state = sandbox.directory('open')
  chmodSync(state, 0o777)
  const script = probe(sandbox, `await ctx.run(['sh', '-c', 'echo ran >> log'])\nreturn {}`)
  const { code, envelope } = await sandbox.call(['go'], { script, env: { PROBE_STATE_DIR: state } })
  expect(code).toBe(4)
  expect(envelope.error).toMatchObject({
    code: 'STATE_DIR_UNAVAILABLE',
    context: { variable: 'PROBE_STATE_DIR' },
  })
  expect(log(sandbox)).toEqual([])
})

test('children whose records are removed while they run are ended all the same', async () => {
  const sandbox = Sandbox.create()
  const script = probe(sandbox, `${CHILD}\nreturn {}`)
  const { child, answer } = go(sandbox, script, ['--session', 's1'])
  const pids = [await pidIn(sandbox, 'child'), await pidIn(sandbox, 'below')]
  await until('the child in the pid file', () => pidsIn(pidFile(sandbox, 's1')).length === 1)
  rmSync(join(sandbox.path, 'home/.local/state/probe'), { recursive: true, force: true })
  child.kill('SIGTERM')
  const { code, stdout } = await answer
  expect(code, stdout).toBe(143)
  expect(envelopesIn(stdout)).toHaveLength(1)
  expect(pids.filter(isAlive)).toEqual([])
})

test('a call that runs out of descriptors says so for the children that it could not start, and ends the others', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const starts = Array.from({ length: 60 }, () => ctx.run(['sh', '-c', 'echo started >> log; sleep 1000 & wait']))
     const failed = []
     for (const start of starts) start.catch(error => failed.push([error.details.code, error.details.context.errno]))
     while (failed.length === 0) await pause(5)
     await pause(100)
     throw ctx.exit.GENERAL_ERROR('no more', { context: { failed } })`,
  )
  const { code, envelope, stderr } = await sandbox.sh(`ulimit -n 90; exec ${process.execPath} ${script} go`)
  expect(code, stderr).toBe(1)
  const { failed } = envelope.error.context
  for (const failure of failed) expect(failure).toEqual(['START_FAILED', 'EMFILE'])
  expect(failed.length).toBeGreaterThan(0)
  expect(failed.length).toBeLessThan(60)
  expect(living(sandbox, 'sleep 1000')).toEqual([])
  await sandbox.nothingLeft()
})

test('a guard that was killed is no obstacle to an orderly end', async () => {
  const sandbox = Sandbox.create()
  const script = probe(sandbox, `${CHILD}\nreturn {}`)
  const { child, answer } = go(sandbox, script)
  const pids = [await pidIn(sandbox, 'child'), await pidIn(sandbox, 'below')]
  for (const { pid } of living(sandbox, 'end-lost')) process.kill(pid, 'SIGKILL')
  child.kill('SIGTERM')
  const { code, stdout } = await answer
  expect(code, stdout).toBe(143)
  expect(envelopesIn(stdout)).toHaveLength(1)
  expect(pids.filter(isAlive)).toEqual([])
})

test('a stopped child, which cannot hear TERM, is ended within the grace', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `note('go'); await ctx.run(['sh', '-c', 'trap "echo TERM >> log; exit 0" TERM; echo $$ > child; while :; do sleep 0.02; done'])\nreturn {}`,
  )
  const { child, answer } = go(sandbox, script)
  const pid = await pidIn(sandbox, 'child')
  process.kill(pid, 'SIGSTOP')
  child.kill('SIGTERM')
  expect((await answer).code).toBe(143)
  expect(isAlive(pid)).toBe(false)
  await logged(sandbox, 'TERM')
})
