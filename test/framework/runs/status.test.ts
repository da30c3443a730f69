import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { self } from '../../../framework/process/identity.js'
import { leaveLive } from '../../../framework/runs/intent.js'
import { journalPath, publishEnd } from '../../../framework/runs/records.js'
import { isOver, viewRun } from '../../../framework/runs/status.js'
import { background } from '../../../framework/runtimes/background.js'
import { claimed, dead, endRecord, living, recorded, started, temporaryRoot } from './state.js'

test('a run that nobody has claimed is pending while its starter lives, and given up when it does not', async () => {
  const root = temporaryRoot()
  expect(viewRun(root, recorded(root).run_id)).toMatchObject({ status: 'pending', owner_state: 'alive' })
  const orphan = viewRun(root, recorded(root, { starter: await dead() }).run_id)
  expect(orphan).toMatchObject({ status: 'failed', owner_state: 'none', reconcile_reason: 'abandoned' })
  expect(isOver(orphan)).toBe(true)
})

test('a run that was given up has failed, whether its starter lives or not', () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  claimed(root, run_id, { abandoned: true, owner: null, tracking: null })
  expect(viewRun(root, run_id)).toMatchObject({ status: 'failed', reconcile_reason: 'abandoned' })
})

test('a run whose owner and guard are gone is lost while its main process lives, and unknown when it does not', async () => {
  const root = temporaryRoot()
  const owner = await dead()
  const lost = recorded(root)
  claimed(root, lost.run_id, { owner, guard: await dead() })
  started(root, lost.run_id, (await living()).identity)
  expect(viewRun(root, lost.run_id)).toMatchObject({ status: 'running', owner_state: 'lost' })

  const gone = recorded(root)
  claimed(root, gone.run_id, { owner })
  started(root, gone.run_id, await dead())
  expect(viewRun(root, gone.run_id)).toMatchObject({ status: 'unknown', reconcile_reason: 'owner_lost' })
})

test.each(['its journal', 'its marker'])(
  'a run without holder and main process is lost while %s names somebody alive',
  async where => {
    const root = temporaryRoot()
    const { run_id, marker } = recorded(root)
    claimed(root, run_id, { owner: await dead() })
    started(root, run_id, await dead())
    const env = where === 'its marker' ? { [marker.name]: marker.value } : {}
    const { identity } = await living(['sleep', '3600'], env)
    if (where === 'its journal') writeFileSync(journalPath(root, run_id), `${JSON.stringify(identity)}\n`)
    expect(viewRun(root, run_id)).toMatchObject({ owner_state: 'lost' })
  },
)

test('a guard that lives holds the run of a dead owner', async () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  claimed(root, run_id, { owner: await dead(), guard: self() })
  expect(viewRun(root, run_id)).toMatchObject({ status: 'pending', owner_state: 'guard' })
})

test('a run of another host is shown as recorded, one of an earlier boot as unknown', () => {
  const root = temporaryRoot()
  const foreign = recorded(root, { starter: { ...self(), host_id: 'elsewhere' } })
  expect(viewRun(root, foreign.run_id)).toMatchObject({ status: 'pending', owner_state: 'foreign' })
  const rebooted = recorded(root, { starter: { ...self(), boot_id: 'before' } })
  expect(viewRun(root, rebooted.run_id)).toMatchObject({ status: 'unknown', reconcile_reason: 'reboot' })
})

test('a run with a record that cannot be used is not over while somebody holds it', () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  claimed(root, run_id, {})
  writeFileSync(join(root.run(run_id), 'main.json'), '')
  const view = viewRun(root, run_id)
  expect(view).toMatchObject({ status: 'unknown', reconcile_reason: 'main_corrupt', owner_state: 'alive' })
  expect(isOver(view)).toBe(false)
})

test('an end record with somebody alive in it is not the end of everything', async () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  const { identity } = await living()
  publishEnd(
    root,
    endRecord(run_id, { exit_code: 0, exit_reason: 'natural', leftovers: [{ identity, ppid: 1, cmd: '' }] }),
  )
  const view = viewRun(root, run_id)
  expect(view).toMatchObject({ status: 'exited', leftovers: [{ identity }] })
  expect(isOver(view)).toBe(false)
})

test('looking writes nothing', async () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  claimed(root, run_id, { owner: await dead() })
  started(root, run_id, (await living()).identity)
  const before = readdirSync(root.run(run_id))
  viewRun(root, run_id)
  expect(readdirSync(root.run(run_id))).toEqual(before)
})

test('a directory without records is unknown', () => {
  const root = temporaryRoot()
  mkdirSync(root.run('0123456789ab'))
  expect(viewRun(root, '0123456789ab')).toMatchObject({
    status: 'unknown',
    reconcile_reason: 'intent_missing',
  })
})

test.each(['is removed', 'is emptied'])(
  'a run whose directory %s is held by whoever it may be until its name is taken away',
  what => {
    const root = temporaryRoot()
    const { run_id } = recorded(root)
    claimed(root, run_id, {})
    rmSync(root.run(run_id), { recursive: true })
    if (what === 'is emptied') mkdirSync(root.run(run_id))
    expect(viewRun(root, run_id)).toMatchObject({ status: 'unknown', owner_state: 'unknown' })
    leaveLive(root, run_id)
    expect(viewRun(root, run_id)).toMatchObject({ status: 'unknown', owner_state: 'none' })
  },
)

test('whoever watches a run from its first record to its last never sees it fail, get lost or end twice', async () => {
  for (let round = 0; round < 3; round += 1) {
    const root = temporaryRoot()
    const intent = recorded(root, { argv: ['true'] })
    const seen = new Set<string>()
    const start = background.spawn({ root, intent, environment: {}, withdrawn: new AbortController().signal })
    void start.then(run => run.confirm())
    for (;;) {
      const { status, owner_state } = viewRun(root, intent.run_id)
      seen.add(`${status} ${owner_state}`)
      if (status === 'exited') break
      await new Promise(resolve => setImmediate(resolve))
    }
    await start
    expect(
      [...seen].filter(state => !['pending alive', 'running alive', 'exited none'].includes(state)),
    ).toEqual([])
  }
})
