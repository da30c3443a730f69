import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { areRecordsGone, isForced, requestToStop } from '../../../framework/runs/questions.js'
import { publishStop } from '../../../framework/runs/records.js'
import { recorded, temporaryRoot } from './state.js'

test('a request is read with its cause and its grace, and the first one stands', () => {
  const root = temporaryRoot()
  const intent = recorded(root)
  expect(requestToStop(root, intent)).toBe(null)
  for (const [cause, grace_ms] of [
    ['user', 100],
    ['cleanup', 0],
  ] as const)
    publishStop(root, 'stop', { run_id: intent.run_id, cause, grace_ms })
  expect(requestToStop(root, intent)).toEqual({ cause: 'user', grace_ms: 100 })
  expect(isForced(root, intent.run_id)).toBe(false)
})

test.each(['', 'garbage', '{"schema_version":"2.0"}', '[]'])(
  'a request that reads %j is one all the same, with the grace of the run',
  content => {
    const root = temporaryRoot()
    const intent = recorded(root)
    writeFileSync(join(root.run(intent.run_id), 'stop.json'), content)
    expect(requestToStop(root, intent)).toEqual({ cause: null, grace_ms: intent.limits.grace_ms })
  },
)

test('records are gone when their directory is, and not before', () => {
  const root = temporaryRoot()
  const { run_id } = recorded(root)
  expect(areRecordsGone(root, run_id)).toBe(false)
  rmSync(root.run(run_id), { recursive: true })
  expect(areRecordsGone(root, run_id)).toBe(true)
})
