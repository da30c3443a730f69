/** What a program leaves running: waited for, listed, never lost, still stoppable. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import validateEnd from '../../../schemas/generated/validate-run-end.js'
import validateReport from '../../../schemas/generated/validate-run-report.js'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { cleanUp, living, reportOf, runShell, sleeper } from './calls.js'

const FOLLOW = ['--mode', 'follow-descendants'] as const

describe('a short-lived child', () => {
  test.each([
    ['strict-run', ['--grace', '30s']],
    ['follow-descendants', [...FOLLOW, '--linger', '30s']],
  ])('is waited for in %s, and no longer than it lives', async (_, options) => {
    const answer = await runShell(Sandbox.create(), options, '(sleep 3; echo late) & echo first')
    expect(answer.stdout).toBe('first\nlate\n')
    expect(reportOf(answer).data).toMatchObject({ ended_by: 'drained', background_processes: [] })
    expect(reportOf(answer).data.waited_ms).toBeGreaterThan(100)
  })
})

describe('a long-lived child', () => {
  test.each([
    ['strict-run', ['--grace', '200ms'], 'grace_expired'],
    ['follow-descendants', [...FOLLOW, '--linger', '200ms'], 'linger_expired'],
  ])('in %s is listed when the time is over', async (_, options, ended_by) => {
    const sandbox = Sandbox.create()
    const answer = await runShell(sandbox, options, `${sleeper(300)} & sleep 0.3; echo started`)
    const report = reportOf(answer)
    const pid = await living(sandbox, 'sleep 300')
    expect([answer.code, report.ok, report.data.ended_by]).toEqual([0, true, ended_by])
    expect(report.data.background_processes).toEqual([
      {
        pid,
        ppid: expect.any(Number),
        cmd: 'sleep 300',
        status: 'still-running',
        started_at: expect.any(String),
      },
    ])
    expect(Date.parse(report.data.background_processes[0].started_at)).toBeGreaterThan(Date.now() - 120_000)
    expect(validateReport(report.data), JSON.stringify(validateReport.errors)).toBe(true)
    expect((await cleanUp(sandbox, report)).code).toBe(0)
    await sandbox.nothingLeft()
  })

  test('a linger that is over before the child lists it, one that is over after it does not', async () => {
    const sandbox = Sandbox.create()
    const before = await runShell(sandbox, [...FOLLOW, '--linger', '100ms'], `${sleeper(300)} &`)
    expect(reportOf(before).data).toMatchObject({ ended_by: 'linger_expired' })
    await cleanUp(sandbox, reportOf(before))
    const after = await runShell(sandbox, [...FOLLOW, '--linger', '60s'], `${sleeper(2)} &`)
    expect(reportOf(after).data).toMatchObject({ ended_by: 'drained', background_processes: [] })
    await sandbox.nothingLeft()
  })

  test('the summary for people has exactly these lines', async () => {
    const sandbox = Sandbox.create()
    const answer = await runShell(
      sandbox,
      ['--grace', '100ms', '--format', 'plain'],
      `${sleeper(300)} & sleep 0.3`,
    )
    const pid = await living(sandbox, 'sleep 300')
    expect(answer.stderr).toContain(
      `\nbackground processes:\n  pid=${pid} cmd="sleep 300" status=still-running\n`,
    )
    const quiet = await runShell(
      sandbox,
      ['--grace', '100ms', '--format', 'plain', '--quiet'],
      `${sleeper(301)} & sleep 0.3`,
    )
    expect(quiet.stderr).toMatch(/^background processes:\n {2}pid=\d+ cmd="sleep 301" status=still-running\n/)
    await sandbox.call(['cleanup'])
    await sandbox.nothingLeft()
  })

  test('that has ended since makes no session live any more', async () => {
    const sandbox = Sandbox.create()
    const line = `${sleeper(300)} &`
    await runShell(sandbox, ['--session', 'left', '--grace', '100ms'], line)
    const sessions = async () => (await sandbox.call(['session', 'list'])).envelope.data.sessions
    expect(await sessions()).toMatchObject([{ session_id: 'left', live_runs: 1 }])
    process.kill(await living(sandbox, 'sleep 300'), 'SIGKILL')
    await sandbox.nothingLeft()
    expect(await sessions()).toEqual([])
  })

  test('goes on being shown and is ended by stop, with what it has started since', async () => {
    const sandbox = Sandbox.create()
    const line = `sh -c 'until [ -e go ]; do sleep 0.05; done; sleep 300 & sleep 301 & wait' >/dev/null 2>&1 </dev/null &`
    const { run_id } = reportOf(await runShell(sandbox, ['--grace', '100ms'], line)).data
    sandbox.file('go', '')
    await living(sandbox, 'sleep 301')
    const [row] = (await sandbox.call(['ps'])).envelope.data.runs
    expect(row).toMatchObject({ run_id, status: 'exited', owner: 'none', leftovers: 1 })
    const stopped = await sandbox.call(['stop', run_id])
    expect(stopped.envelope.data.stopped[0].outcome).toBe('stopped')
    await sandbox.nothingLeft()
    expect((await sandbox.call(['ps'])).envelope.data.runs).toEqual([])
  })

  test('is ended by --on-leftover terminate, by KILL where it ignores TERM, and listed all the same', async () => {
    const sandbox = Sandbox.create()
    const stubborn = `sh -c 'trap "" TERM; while :; do sleep 0.1; done' >/dev/null 2>&1 </dev/null &`
    const options = ['--grace', '100ms', '--kill-after', '300ms', '--on-leftover', 'terminate']
    const answer = await runShell(sandbox, options, `${stubborn} exit 3`)
    const { data } = reportOf(answer)
    expect(answer.code).toBe(3)
    expect(data.background_processes[0]).toMatchObject({ status: 'terminated' })
    expect(data.descendants_killed).toBeGreaterThan(0)
    expect(data).not.toHaveProperty('cleanup_command')
    await sandbox.nothingLeft()
  })

  test('of whom there are more than a record lists, all are reported, and shown until the last has ended', async () => {
    const sandbox = Sandbox.create()
    const answer = await runShell(
      sandbox,
      ['--grace', '1ms'],
      `for i in $(seq 70); do ${sleeper(300)} & done`,
    )
    const { run_id, background_processes } = reportOf(answer).data
    const pids = background_processes.map(({ pid }: { pid: number }) => pid)
    expect(new Set(pids).size).toBe(70)
    const path = join(sandbox.state, 'runs', run_id, 'end.json')
    const end = JSON.parse(readFileSync(path, 'utf8'))
    expect(validateEnd(end), JSON.stringify(validateEnd.errors)).toBe(true)
    expect(end.unlisted).toEqual({ survivors: 0, leftovers: 70 - end.leftovers.length })
    expect(end.unlisted.leftovers).toBeGreaterThan(0)

    const listed: number[] = end.leftovers.map(({ identity }: { identity: { pid: number } }) => identity.pid)
    const others = pids.filter((pid: number) => !listed.includes(pid))
    const die = async (dying: readonly number[]) => {
      for (const pid of dying) process.kill(pid, 'SIGKILL')
      await until('them to end', () => !dying.some(isAlive))
    }
    await die(listed)
    const rows = async () => (await sandbox.call(['ps'])).envelope.data.runs
    expect(await rows()).toMatchObject([{ run_id, leftovers: others.length }])
    const { leftovers } = (await sandbox.call(['show', run_id])).envelope.data
    expect(leftovers.map(({ pid }: { pid: number }) => pid).sort()).toEqual(others.sort())
    expect(leftovers[0].cmd).toBe('sleep 300')
    // As an earlier version recorded it: cut, and no word of it.
    const { unlisted: _, ...silent } = end
    writeFileSync(path, JSON.stringify(silent))
    expect(await rows()).toMatchObject([{ run_id, leftovers: others.length }])
    await die(others)
    expect(await rows()).toEqual([])
  })

  test('of whom there are a hundred, all are ended by stop', async () => {
    const sandbox = Sandbox.create()
    const answer = await runShell(
      sandbox,
      ['--grace', '1ms'],
      `for i in $(seq 100); do ${sleeper(300)} & done`,
    )
    const { data } = reportOf(answer)
    expect(data.background_processes.length).toBeGreaterThan(0)
    expect((await sandbox.call(['stop', data.run_id])).code).toBe(0)
    await sandbox.nothingLeft()
  })
})

describe('a grandchild', () => {
  test.each([
    ['in the group', `(${sleeper(300)} & wait) >/dev/null 2>&1 & sleep 0.3`],
    ['with setsid', `setsid ${sleeper(300)} & sleep 0.3`],
    ['by a double fork with setsid', `setsid -f ${sleeper(300)}; sleep 0.3`],
    ['by a double fork in the group', `sh -c '${sleeper(300)} &'; sleep 0.3`],
  ])('%s is listed, and ended by the command that the report names', async (_, line) => {
    const sandbox = Sandbox.create()
    const report = reportOf(await runShell(sandbox, ['--grace', '100ms'], line))
    const pid = await living(sandbox, 'sleep 300')
    const pids = report.data.background_processes.map((one: { pid: number }) => one.pid)
    expect(pids).toContain(pid)
    await cleanUp(sandbox, report)
    await sandbox.nothingLeft()
  })
})

test('a run inside a run is named with its id, is not waited for, and outlives the outer one', async () => {
  const sandbox = Sandbox.create()
  const line = 'chaperone start --session inner -- sleep 300'
  const answer = await runShell(sandbox, [...FOLLOW, '--linger', '60s', '--session', 'outer'], line)
  const { background_pid, run_id } = answer.envelope.data
  const { data } = reportOf(answer)
  expect(data.ended_by).toBe('main_exit')
  expect(data.background_processes).toMatchObject([{ pid: background_pid, run_id, status: 'still-running' }])
  expect(isAlive(background_pid)).toBe(true)
  await cleanUp(sandbox, reportOf(answer))
  await sandbox.nothingLeft()
})
