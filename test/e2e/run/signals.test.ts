/** Signals to `run` are the program's, and none of them, KILL included, leaves anything of its tree behind. */
import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Answer, finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { reportOf, sleeper } from './calls.js'

/** A `run` whose program has made the file `ready` in the sandbox. */
async function running(
  sandbox: Sandbox,
  options: readonly string[],
  line: string,
): Promise<{ child: ChildProcess; ended: Promise<Answer> }> {
  const child = sandbox.spawn(['run', ...options, '--', 'sh', '-c', line])
  const ended = finished(child)
  await until('the program to be ready', () => existsSync(join(sandbox.path, 'ready')))
  return { child, ended }
}

const LOOP = 'while :; do sleep 0.05; done'
const said = (sandbox: Sandbox, file: string): string => {
  const path = join(sandbox.path, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

describe('without a terminal', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s reaches the program once, and its own end decides the code',
    async signal => {
      const sandbox = Sandbox.create()
      const name = signal.slice('SIG'.length)
      const line = `trap 'echo got >> got; exit 33' ${name}; : > ready; ${LOOP}`
      const { child, ended } = await running(sandbox, [], line)
      child.kill(signal)
      const answer = await ended
      expect([answer.code, said(sandbox, 'got')]).toEqual([33, 'got\n'])
      const cause = ['SIGTERM', 'SIGINT', 'SIGHUP'].includes(signal) ? 'parent_signal' : null
      expect(reportOf(answer).data).toMatchObject({
        exit_code: 33,
        stop_cause: cause,
        background_processes: [],
      })
      await sandbox.nothingLeft()
    },
  )

  test('TERM, then forced KILL of a program that ignores TERM: after --kill-after its whole tree is gone', async () => {
    const sandbox = Sandbox.create()
    const stubborn = `sh -c 'trap "" TERM; ${LOOP}' >/dev/null 2>&1 &`
    const line = `trap 'echo got >> got' TERM; ${stubborn} : > ready; ${LOOP}`
    const { child, ended } = await running(sandbox, ['--kill-after', '3s'], line)
    child.kill('SIGTERM')
    const answer = await ended
    expect([answer.code, said(sandbox, 'got')]).toEqual([137, 'got\n'])
    expect(reportOf(answer).data).toMatchObject({
      signal: 'SIGKILL',
      exit_reason: 'forced_kill',
      ended_by: 'stopped',
      stop_cause: 'parent_signal',
      background_processes: [],
    })
    await sandbox.nothingLeft()
  })

  test('what a program starts to tidy up after TERM is left alone until it is through', async () => {
    const sandbox = Sandbox.create()
    const line = `trap 'sleep 0.7; echo tidy > tidied; exit 5' TERM; : > ready; ${LOOP}`
    const { child, ended } = await running(sandbox, [], line)
    child.kill('SIGTERM')
    expect([(await ended).code, said(sandbox, 'tidied')]).toEqual([5, 'tidy\n'])
  })

  test('what a program that went by TERM leaves behind is ended and not reported', async () => {
    const sandbox = Sandbox.create()
    const line = `trap 'exit 0' TERM; setsid sh -c 'trap "" TERM; : > ready; ${LOOP}' >/dev/null 2>&1 & ${LOOP}`
    const { child, ended } = await running(sandbox, ['--kill-after', '5s'], line)
    child.kill('SIGTERM')
    const answer = await ended
    expect(answer.code).toBe(0)
    expect(reportOf(answer).data).toMatchObject({ stop_cause: 'parent_signal', background_processes: [] })
    await sandbox.nothingLeft()
  })

  test('a signal while descendants are followed ends these, and the code stays the program’s', async () => {
    const sandbox = Sandbox.create()
    const options = ['--mode', 'follow-descendants', '--linger', '300s']
    const { child, ended } = await running(sandbox, options, `${sleeper(300)} & : > ready; exit 4`)
    await until('the program to have ended', () =>
      sandbox.survivors().every(({ command }) => !command.startsWith('sh -c')),
    )
    child.kill('SIGINT')
    const answer = await ended
    expect(answer.code).toBe(4)
    expect(reportOf(answer).data).toMatchObject({ ended_by: 'stopped', stop_cause: 'parent_signal' })
    await sandbox.nothingLeft()
  })
})

test('SIGKILL of run: its guard ends the whole tree, also what left the session, and says so', async () => {
  const sandbox = Sandbox.create()
  const line = `setsid sh -c ': > ready; ${LOOP}' & trap "" TERM; ${LOOP}`
  const { child, ended } = await running(sandbox, ['--kill-after', '500ms', '--session', 's'], line)
  child.kill('SIGKILL')
  await ended
  await sandbox.nothingLeft()
  const [run] = (await sandbox.call(['ps', '--all', '--session', 's'])).envelope.data.runs
  const shown = await sandbox.call(['show', run.run_id])
  expect(shown.envelope.data).toMatchObject({ owner: 'none', stop_cause: 'owner_lost', leftovers: [] })
})

test('stop ends a run in the foreground: its call answers with the program’s end, and why', async () => {
  const sandbox = Sandbox.create()
  const { ended } = await running(sandbox, ['--session', 's'], `: > ready; ${LOOP}`)
  const stopped = await sandbox.call(['session', 'stop', 's'])
  expect(stopped.envelope.data.stopped[0].outcome).toBe('stopped')
  const answer = await ended
  expect(answer.code).toBe(143)
  expect(reportOf(answer).data).toMatchObject({
    ended_by: 'stopped',
    stop_cause: 'session_stop',
    signal: 'SIGTERM',
  })
  await sandbox.nothingLeft()
})

test('--max-lifetime ends the program and its tree; --timeout does, too, and is exit 10', async () => {
  const sandbox = Sandbox.create()
  const lifetime = await sandbox.call(['run', '--max-lifetime', '300ms', '--', 'sh', '-c', LOOP])
  expect(lifetime.code).toBe(143)
  expect(reportOf(lifetime).data).toMatchObject({ ended_by: 'stopped', stop_cause: 'max_lifetime' })
  const limited = await sandbox.call(['run', '--timeout', '5s', '--', 'sh', '-c', LOOP])
  expect([limited.code, reportOf(limited).error.code]).toEqual([10, 'TIMEOUT'])
  expect(reportOf(limited).data).toMatchObject({ partial: true, ended_by: 'stopped', signal: 'SIGTERM' })
  await sandbox.nothingLeft()
})

test('a program that outlives the usual limit of a call has none', async () => {
  const { meta } = reportOf(await Sandbox.create().call(['run', '--', 'true']))
  expect(meta.timeout_ms).toBe(0)
})

test('a caller’s siblings are never taken for the program’s', async () => {
  const sandbox = Sandbox.create()
  const line = `sleep 300 >/dev/null 2>&1 & echo $! > sibling; chaperone run --on-leftover terminate -- sh -c '${sleeper(301)} &'`
  const answer = await sandbox.sh(line)
  const sibling = Number(said(sandbox, 'sibling'))
  expect([answer.code, isAlive(sibling)]).toEqual([0, true])
  process.kill(sibling)
  await sandbox.nothingLeft()
})
