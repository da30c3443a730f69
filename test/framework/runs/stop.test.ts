import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { self } from '../../../framework/process/identity.js'
import { look } from '../../../framework/process/liveness.js'
import { leaveLive } from '../../../framework/runs/intent.js'
import { abandon } from '../../../framework/runs/lost.js'
import { publishEnd, publishStop, readEnd, readStop } from '../../../framework/runs/records.js'
import { showingLife } from '../../../framework/runs/sign-of-life.js'
import { viewRun } from '../../../framework/runs/status.js'
import { stopRuns } from '../../../framework/runs/stop.js'
import { background } from '../../../framework/runtimes/background.js'
import { claimed, dead, endRecord, isLive, living, recorded, started, temporaryRoot } from './state.js'

const STOP = { cause: 'user', grace_ms: 200, force: false } as const

test('a pending run is claimed for nobody: it never starts, and says why', async () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  const [result] = await stopRuns(root, [run_id], STOP)
  expect(result).toMatchObject({ outcome: 'stopped', exit_reason: 'start_failed', stop_cause: 'user' })
  expect(viewRun(root, run_id)).toMatchObject({ status: 'failed', owner: { abandoned: true } })
  expect(isLive(root, run_id)).toBe(false)
})

test('a start that was overtaken by a stop starts nothing and says so', async () => {
  const root = temporaryRoot()
  const intent = recorded(root, { argv: ['touch', join(root.path, 'ran')], cwd: root.path })
  await stopRuns(root, [intent.run_id], STOP)
  await expect(
    background.spawn({ root, intent, environment: {}, withdrawn: new AbortController().signal }),
  ).rejects.toMatchObject({
    code: 'STOPPED_BEFORE_START',
  })
  expect(existsSync(join(root.path, 'ran'))).toBe(false)
})

test('a request that was there before the owner is answered without a start', async () => {
  const root = temporaryRoot()
  const intent = recorded(root, { argv: ['touch', join(root.path, 'ran')] })
  publishStop(root, 'stop', { run_id: intent.run_id, cause: 'session_stop', grace_ms: 0 })
  await expect(
    background.spawn({ root, intent, environment: {}, withdrawn: new AbortController().signal }),
  ).rejects.toMatchObject({
    code: 'STOPPED_BEFORE_START',
  })
  const end = readEnd(root, intent.run_id)
  expect(end).toMatchObject({ record: { exit_reason: 'start_failed', stop_cause: 'session_stop' } })
  expect(existsSync(join(root.path, 'ran'))).toBe(false)
})

test('a run that was given up before anybody claimed it has already ended', async () => {
  const root = temporaryRoot()
  const orphan = recorded(root, { starter: await dead() })
  const half = recorded(root)
  claimed(root, half.run_id, { abandoned: true, owner: null, tracking: null })
  const results = await stopRuns(root, [orphan.run_id, half.run_id], STOP)
  expect(results).toMatchObject([
    { outcome: 'already_ended', exit_reason: 'start_failed', stop_cause: null },
    { outcome: 'already_ended', exit_reason: 'start_failed', stop_cause: null },
  ])
  expect([orphan, half].map(({ run_id }) => isLive(root, run_id))).toEqual([false, false])
})

test('a run of an earlier boot ends by its record, one of another host is left alone', async () => {
  const root = temporaryRoot()
  const rebooted = recorded(root, { starter: { ...self(), boot_id: 'before' } })
  const foreign = recorded(root, { starter: { ...self(), host_id: 'elsewhere' } })
  const results = await stopRuns(root, [rebooted.run_id, foreign.run_id], STOP)
  expect(results).toMatchObject([
    { outcome: 'already_ended', stop_cause: 'reboot' },
    { outcome: 'foreign', stop_cause: null },
  ])
  expect(readStop(root, foreign.run_id, 'stop').state).toBe('absent')
  expect(isLive(root, foreign.run_id)).toBe(true)
})

test('what an end record names as left over is ended by its identity, and only then is the run no longer live', async () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  const left = await living()
  const leftovers = [{ identity: left.identity, ppid: 1, cmd: 'sleep' }]
  publishEnd(root, endRecord(run_id, { exit_code: 0, exit_reason: 'natural', leftovers }))
  expect(await stopRuns(root, [run_id], STOP)).toMatchObject([{ outcome: 'stopped', exit_reason: 'natural' }])
  expect(look(left.identity)).toBe('gone')
  expect(isLive(root, run_id)).toBe(false)
})

test('a process of a lost run that got the pid of its dead owner, or guard, is ended', async () => {
  for (const holder of ['owner', 'guard'] as const) {
    const root = temporaryRoot()
    const { run_id } = recorded(root)
    const main = await living()
    // The kernel hands a pid out again, never a start time with it.
    const before = { ...main.identity, start_time: main.identity.start_time - 1 }
    claimed(root, run_id, { owner: await dead(), guard: await dead(), [holder]: before })
    started(root, run_id, main.identity)
    expect(await stopRuns(root, [run_id], STOP)).toMatchObject([{ outcome: 'stopped', survivors: [] }])
    expect(look(main.identity)).toBe('gone')
  }
})

test('a lost run is ended by its main process, its group and its journal', async () => {
  const root = temporaryRoot()
  const intent = recorded(root)
  const { run_id, marker } = intent
  const main = await living(['sh', '-c', 'sleep 3600 & wait'], { [marker.name]: marker.value })
  const other = await living()
  claimed(root, run_id, { owner: await dead() })
  started(root, run_id, main.identity)
  writeFileSync(join(root.run(run_id), 'seen.log'), `${JSON.stringify(other.identity)}\n`)
  expect(await stopRuns(root, [run_id], STOP)).toMatchObject([{ outcome: 'stopped', stop_cause: 'user' }])
  expect([main, other].map(({ identity }) => look(identity))).toEqual(['gone', 'gone'])
  expect(readEnd(root, run_id)).toMatchObject({ record: { reconcile_reason: 'owner_lost', exit_code: null } })
})

test.each([
  ['nobody can tell from others', '0.4', false],
  ['is a copy of its shim', '3', true],
])(
  'a main process that was forked, %s, and gets its program when its owner is dead, is found',
  async (_, seconds, is_marked) => {
    const root = temporaryRoot()
    const { run_id, marker } = recorded(root)
    const fork = join(root.path, 'fork.sh')
    writeFileSync(fork, `sleep ${seconds}; export ${marker.name}=${marker.value}; exec sleep 3600`)
    const env = is_marked ? { [marker.name]: `${marker.value}.owner` } : undefined
    const main = await living(['sh', fork, 'own', root.path, run_id], env)
    claimed(root, run_id, { owner: await dead() })
    expect(await stopRuns(root, [run_id], STOP)).toMatchObject([{ outcome: 'stopped', survivors: [] }])
    expect(look(main.identity)).toBe('gone')
  },
)

test('a run whose main process was never recorded is found by its marker', async () => {
  const root = temporaryRoot()
  const { run_id, marker } = recorded(root)
  const main = await living(['sleep', '3600'], { [marker.name]: marker.value })
  claimed(root, run_id, { owner: await dead() })
  expect(await stopRuns(root, [run_id], STOP)).toMatchObject([{ outcome: 'stopped' }])
  expect(look(main.identity)).toBe('gone')
})

test('one run that cannot be stopped keeps no other from being stopped', async () => {
  const root = temporaryRoot()
  const good = recorded(root)
  await expect(stopRuns(root, ['not a run id', good.run_id], STOP)).rejects.toThrow(RangeError)
  expect(viewRun(root, good.run_id)).toMatchObject({ status: 'failed', stop: { cause: 'user' } })
})

test('a name in live/ whose records are gone has already ended where nobody shows life', async () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  rmSync(root.run(run_id), { recursive: true })
  expect(await stopRuns(root, [run_id], STOP)).toMatchObject([{ outcome: 'already_ended' }])
  expect(isLive(root, run_id)).toBe(false)
})

test('a run whose records are gone is waited for as long as its owner shows that he is ending it', async () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  const silent = recorded(root).run_id
  for (const one of [run_id, silent]) rmSync(root.run(one), { recursive: true })
  const [stopping, other] = [run_id, silent].map(one => stopRuns(root, [one], STOP))
  await showingLife(root, run_id, async () => {
    expect(await other).toMatchObject([{ outcome: 'already_ended' }])
    expect(isLive(root, run_id)).toBe(true)
  })
  leaveLive(root, run_id)
  expect(await stopping).toMatchObject([{ outcome: 'stopped' }])
})

test('giving up twice changes nothing, and nothing that has an owner is given up', () => {
  const root = temporaryRoot()
  const free = recorded(root).run_id
  expect(abandon(root, free)).toBe('abandoned')
  const first = readEnd(root, free)
  expect(abandon(root, free, 'user')).toBe('abandoned')
  expect(readEnd(root, free)).toEqual(first)
  const owned = recorded(root).run_id
  claimed(root, owned, {})
  expect(abandon(root, owned)).toBe('owned')
  expect(readEnd(root, owned).state).toBe('absent')
})
