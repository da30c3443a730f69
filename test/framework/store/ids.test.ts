import { expect, test } from 'vitest'
import { isRunIdPrefix, newRequestId, newRunId } from '../../../framework/store/ids.js'
import { isSessionId, SESSION_ID_PATTERN } from '../../../framework/store/session-id.js'
import { runElsewhere } from '../process/elsewhere.js'
import { canUnshare } from '../process/witness.js'

test('gives run ids of 12 hex digits and request ids that are UUIDs, never the same twice', () => {
  const runs = new Set(Array.from({ length: 2_000 }, newRunId))
  const requests = new Set(Array.from({ length: 2_000 }, newRequestId))
  expect([runs.size, requests.size]).toEqual([2_000, 2_000])
  for (const id of runs) expect(id).toMatch(/^[0-9a-f]{12}$/)
  for (const id of requests)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('draws every digit of a run id at random', () => {
  const ids = Array.from({ length: 500 }, newRunId)
  for (let place = 0; place < 12; place++) expect(new Set(ids.map(id => id[place])).size).toBe(16)
})

test.skipIf(!canUnshare)('gives ids where the kernel offers none', () => {
  const source = `
import { newRequestId, newRunId } from './framework/store/ids.js'
console.log(JSON.stringify([newRunId(), newRequestId()]))`
  const hide = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    'mount -t tmpfs none /proc/sys/kernel/random && exec "$@"',
    'x',
  ]
  expect(runElsewhere(source, hide)).toEqual([
    expect.stringMatching(/^[0-9a-f]{12}$/),
    expect.stringMatching(/^[0-9a-f-]{36}$/),
  ])
})

test('takes a session id that can be a directory’s name, and no other', () => {
  for (const id of ['a', 'agent-7', 'A.b_c-9', '0', 'x'.repeat(64), newRequestId()])
    expect(isSessionId(id)).toBe(true)
  const wrong = [
    '',
    '.',
    '..',
    '.hidden',
    '-option',
    '_x',
    'a/b',
    'a\\b',
    'a b',
    'a\n',
    'ü',
    'a\0b',
    'x'.repeat(65),
  ]
  for (const id of wrong) {
    expect(isSessionId(id)).toBe(false)
    expect(new RegExp(SESSION_ID_PATTERN).test(id)).toBe(false)
  }
})

test('takes 4 to 12 hex digits as the beginning of a run id', () => {
  for (const prefix of ['0000', 'abcd', 'a1b2c3d4e5f6']) expect(isRunIdPrefix(prefix)).toBe(true)
  for (const prefix of ['', 'abc', 'ABCD', 'xyz1', 'a1b2c3d4e5f60', 'abcd\n', '../a', '*'])
    expect(isRunIdPrefix(prefix)).toBe(false)
})
