import { expect, test } from 'vitest'
import { self } from '../../../framework/process/identity.js'
import {
  describeProcesses,
  endRecord,
  recordable,
  recordedError,
  shortened,
  thrownError,
} from '../../../framework/runs/end-record.js'
import type { RunEnd } from '../../../framework/runs/records.js'
import validateEnd from '../../../schemas/generated/validate-run-end.js'

const RUN = '0123456789ab'
const RESERVED = 32 * 1024

test('an end of which nothing is known is a valid record with nothing guessed in it', () => {
  const end = endRecord(RUN, {})
  expect(validateEnd(end), JSON.stringify(validateEnd.errors)).toBe(true)
  expect(end).toMatchObject({
    exit_code: null,
    signal: null,
    exit_reason: null,
    stop_cause: null,
    error: null,
  })
  expect(end.recorder).toEqual(self())
})

test.each([
  ['ENOENT', 'ENOENT'],
  ['E2BIG', 'E2BIG'],
  ['ERR_INVALID_ARG_VALUE', null],
  [null, null],
])('an error with the code %s is recorded with the errno %s, and the record is valid', (code, errno) => {
  const error = recordedError('START_FAILED', 'no', code)
  expect(error.errno).toBe(errno)
  expect(validateEnd(endRecord(RUN, { exit_reason: 'start_failed', error }))).toBe(true)
})

test('whatever is thrown can be recorded', () => {
  expect(thrownError('OWNER_FAULT', 'a string')).toEqual({
    code: 'OWNER_FAULT',
    errno: null,
    message: 'a string',
  })
  const error = Object.assign(new Error('no descriptors'), { code: 'EMFILE' })
  expect(thrownError('OWNER_FAULT', error)).toMatchObject({ errno: 'EMFILE', message: 'no descriptors' })
  expect(thrownError('OWNER_FAULT', new Error('x'.repeat(100_000))).message.length).toBeLessThan(2_000)
})

test.each([
  { what: 'plain', cmd: 'x'.repeat(256) },
  { what: 'wide', cmd: '𝄞'.repeat(128) },
  { what: 'escaped', cmd: '\u0001'.repeat(256) },
])(
  'an end with as many processes as a record lists fits into its space, with $what command lines',
  ({ cmd }) => {
    const process_ = { identity: self(), ppid: 1, cmd }
    const full: RunEnd['survivors'] = Array.from({ length: 64 }, () => process_)
    const end = endRecord(RUN, { survivors: full, leftovers: full, reconcile_reason: 'main_survives' })
    expect(Buffer.byteLength(JSON.stringify(end))).toBeGreaterThan(RESERVED)
    const short = shortened(end, RESERVED)
    expect(Buffer.byteLength(`${JSON.stringify(short)}\n`)).toBeLessThanOrEqual(RESERVED)
    expect(validateEnd(short)).toBe(true)
    expect(short.survivors.length).toBeGreaterThan(0)
    const unlisted = { survivors: 64 - short.survivors.length, leftovers: 64 - short.leftovers.length }
    const is_cut = short.survivors.length < 64
    expect({ ...short, survivors: [], leftovers: [] }).toEqual({
      ...end,
      survivors: [],
      leftovers: [],
      ...(is_cut ? { unlisted } : {}),
    })
  },
)

test('a record that lists fewer than there were says how many more, also where it was cut twice', () => {
  const process_ = { identity: self(), ppid: 1, cmd: '\u0001'.repeat(256) }
  const end = endRecord(RUN, {
    survivors: [process_],
    leftovers: Array.from({ length: 100 }, () => process_),
  })
  const recorded = recordable(end)
  expect(validateEnd(recorded)).toBe(true)
  expect(recorded.leftovers).toHaveLength(64)
  expect(recorded.unlisted).toEqual({ survivors: 0, leftovers: 36 })
  const short = shortened(recorded, RESERVED / 4)
  expect(short.leftovers.length).toBeLessThan(64)
  expect(short.unlisted).toEqual({ survivors: 0, leftovers: 100 - short.leftovers.length })
  expect(recordable(endRecord(RUN, { survivors: [process_] }))).not.toHaveProperty('unlisted')
})

test('processes are named with their command lines, also when they are gone', () => {
  const member = { identity: self(), ppid: process.ppid, pgid: 1, sid: 1, state: 'S' }
  const [named] = describeProcesses([member])
  expect(named?.cmd).toContain('node')
  const [gone] = describeProcesses([{ ...member, identity: { ...self(), pid: 2 ** 22 - 1 } }])
  expect(gone?.cmd).toBe('')
})
