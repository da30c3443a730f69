/** Whether a run is over: by its end record, and where nobody will ever write one. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ProcessIdentity } from '../../../framework/process/identity.js'
import { self } from '../../../framework/process/identity.js'
import { EndWatch } from '../../../framework/runs/end-watch.js'
import { leaveLive } from '../../../framework/runs/intent.js'
import { publishMain, publishOwner, RECORD_VERSION } from '../../../framework/runs/records.js'
import { showingLife } from '../../../framework/runs/sign-of-life.js'
import { waitForRuns } from '../../../framework/runs/wait-for-runs.js'
import { until } from '../../e2e/harness/until.js'
import { deadProcess, livingProcess, type RecordedRun, recordedRun, stateRoot } from './recorded-run.js'

function owned({ root, run_id }: RecordedRun, owner: ProcessIdentity, main: ProcessIdentity): void {
  const tracking = { method: 'snapshot', complete: false } as const
  const claimed_at = new Date().toISOString()
  const schema_version = RECORD_VERSION
  publishOwner(root, { schema_version, run_id, abandoned: false, owner, guard: null, tracking, claimed_at })
  const started_at = claimed_at
  publishMain(root, { schema_version, run_id, main, pgid: main.pid, sid: main.pid, started_at })
}

const watch = ({ root, run_id }: RecordedRun): EndWatch => new EndWatch(root, run_id)

test('a run goes on as long as somebody holds it, and is over with its end record', async () => {
  const run = recordedRun(stateRoot())
  owned(run, self(), (await livingProcess()).identity)
  const watched = watch(run)
  expect(watched.look()).toBe('going')
  run.end()
  expect(watched.look()).toBe('over')
})

test('what is over stays over, also when its records are pruned', () => {
  const run = recordedRun(stateRoot())
  run.end()
  const watched = watch(run)
  expect(watched.look()).toBe('over')
  rmSync(run.root.run(run.run_id), { recursive: true })
  expect(watched.look()).toBe('over')
})

test('a run whose starter died before anything was started is over', async () => {
  const run = recordedRun(stateRoot(), { starter: await deadProcess() })
  expect(watch(run).look()).toBe('over')
})

test('a run of which nobody is left, neither owner nor processes, is over', async () => {
  const run = recordedRun(stateRoot())
  owned(run, await deadProcess(), await deadProcess())
  expect(watch(run).look()).toBe('over')
})

test('a run whose records are gone is over once its name is, which its owner takes away when he has ended it', async () => {
  const run = recordedRun(stateRoot())
  rmSync(run.root.run(run.run_id), { recursive: true })
  const watched = watch(run)
  expect(watched.look()).toBe('going')
  leaveLive(run.root, run.run_id)
  await until('the run to be over', () => watched.look() === 'over')
})

test.each([
  ['records are gone', (directory: string) => rmSync(directory, { recursive: true })],
  ['owner cannot be read', (directory: string) => writeFileSync(join(directory, 'owner.json'), '')],
])('a run whose %s is untold where nobody shows life, and goes on while somebody does', async (_, damage) => {
  const root = stateRoot()
  const [silent, shown] = [recordedRun(root), recordedRun(root)]
  for (const { run_id } of [silent, shown]) damage(root.run(run_id))
  const [watched, other] = [watch(silent), watch(shown)]
  const courses = new Set<string>()
  await showingLife(root, shown.run_id, () =>
    until('the one to be untold', () => {
      courses.add(other.look())
      return watched.look() === 'untold'
    }),
  )
  expect([...courses]).toEqual(['going'])
  leaveLive(root, silent.run_id)
  await until('the run to be over', () => watched.look() === 'over')
})

test('a run that lives without an owner is lost, and over once it lives no more', async () => {
  const run = recordedRun(stateRoot())
  const { child, identity } = await livingProcess()
  owned(run, await deadProcess(), identity)
  const watched = watch(run)
  // Not at the first look: a guard may be about to take over.
  expect(watched.look()).toBe('going')
  await until('the run to be lost', () => watched.look() === 'lost')
  child.kill('SIGKILL')
  await until('the run to be over', () => watched.look() === 'over')
})

test('waiting for many runs ends with the last of them', async () => {
  const root = stateRoot()
  const runs = [recordedRun(root), recordedRun(root), recordedRun(root)]
  let is_over = false
  const ids = runs.map(({ run_id }) => run_id)
  const waiting = waitForRuns(root, ids, new AbortController().signal).finally(() => {
    is_over = true
  })
  for (const run of runs) {
    expect(is_over).toBe(false)
    run.end()
  }
  expect(await waiting).toEqual({ lost: [], untold: [] })
})

test('a lost run is not waited for, but for the others that go on', async () => {
  const root = stateRoot()
  const [lost, held] = [recordedRun(root), recordedRun(root)]
  owned(lost, await deadProcess(), (await livingProcess()).identity)
  const watched = watch(lost)
  const waiting = waitForRuns(root, [lost.run_id, held.run_id], new AbortController().signal)
  await until('the run to be lost', () => watched.look() === 'lost')
  held.end()
  expect(await waiting).toEqual({ lost: [lost.run_id], untold: [] })
})

test('waiting is called off by its signal', async () => {
  const run = recordedRun(stateRoot())
  const controller = new AbortController()
  const waiting = waitForRuns(run.root, [run.run_id], controller.signal)
  controller.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})

test('waiting for nothing is over at once', async () => {
  const signal = new AbortController().signal
  expect(await waitForRuns(stateRoot(), [], signal)).toEqual({ lost: [], untold: [] })
})
