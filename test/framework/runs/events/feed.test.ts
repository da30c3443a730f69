/** What a feed tells of the records that it finds, look by look. */
import { renameSync } from 'node:fs'
import { expect, test } from 'vitest'
import { self } from '../../../../framework/process/identity.js'
import { EventFeed } from '../../../../framework/runs/events/feed.js'
import { publishEnd, publishMain, RECORD_VERSION } from '../../../../framework/runs/records.js'
import { publishStopped } from '../../../../framework/runs/session-stopped.js'
import { newRunId } from '../../../../framework/store/ids.js'
import { endRecord, recorded, started, temporaryRoot } from '../state.js'

const HOUR_MS = 3_600_000

test('a run that was told of is told to its end, also where a stop that does not name it was recorded by an earlier clock', () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root, { session_id: 's' })
  publishMain(root, {
    schema_version: RECORD_VERSION,
    run_id,
    main: self(),
    pgid: process.pid,
    sid: process.pid,
    started_at: new Date(Date.now() + HOUR_MS).toISOString(),
  })
  const feed = new EventFeed(root, { session_id: 's', from: 'session' })
  expect(feed.look().events).toMatchObject([{ event: 'started', run_id }])
  publishEnd(root, endRecord(run_id, { exit_code: 0, exit_reason: 'natural' }))
  publishStopped(root, { stop_id: newRunId(), session_id: 's' }, [])
  expect(feed.look()).toMatchObject({
    events: [{ event: 'exited', run_id }, { event: 'session_stopped' }],
    is_over: true,
  })
})

test('a stop that could not be found for a moment is none that came since', () => {
  const root = temporaryRoot()
  publishStopped(root, { stop_id: newRunId(), session_id: 's' }, [])
  const { run_id } = recorded(root, { session_id: 's' })
  started(root, run_id, self())
  const feed = new EventFeed(root, { session_id: 's', from: 'session' })
  expect(feed.look()).toMatchObject({ events: [{ event: 'started', run_id }], is_over: false })
  renameSync(`${root.path}/stops`, `${root.path}/elsewhere`)
  expect(feed.look()).toEqual({ events: [], is_over: false })
  renameSync(`${root.path}/elsewhere`, `${root.path}/stops`)
  expect(feed.look()).toEqual({ events: [], is_over: false })
})
