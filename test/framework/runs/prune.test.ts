import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leaveLive } from '../../../framework/runs/intent.js'
import { endedRuns, pruneHistory } from '../../../framework/runs/prune.js'
import { publishEnd, recordPath } from '../../../framework/runs/records.js'
import type { StateRoot } from '../../../framework/store/state-root.js'
import { endRecord, recorded, temporaryRoot } from './state.js'

/** Ids that make a start look through the history, and not. */
const LOOKS = '00000000ff40'
const LOOKS_NOT = '00000000ff41'
const EIGHT_DAYS_MS = 8 * 24 * 3_600_000

function ended(root: StateRoot, age_ms = 0): string {
  const { run_id } = recorded(root)
  publishEnd(root, endRecord(run_id, { exit_code: 0, exit_reason: 'natural' }))
  leaveLive(root, run_id)
  age(recordPath(root, run_id, 'end'), age_ms)
  return run_id
}

function age(path: string, age_ms: number): void {
  const then = new Date(Date.now() - age_ms)
  utimesSync(path, then, then)
}

test('runs that ended more than seven days ago go, the others stay', () => {
  const root = temporaryRoot()
  const [old, young] = [ended(root, EIGHT_DAYS_MS), ended(root, EIGHT_DAYS_MS / 2)]
  pruneHistory(root, LOOKS_NOT)
  expect(existsSync(root.run(old))).toBe(true)
  pruneHistory(root, LOOKS)
  expect([old, young].map(run_id => existsSync(root.run(run_id)))).toEqual([false, true])
})

test('a run with something alive stays, however old its end is', () => {
  const root = temporaryRoot()
  const run_id = ended(root, EIGHT_DAYS_MS)
  writeFileSync(root.live(run_id), '')
  pruneHistory(root, LOOKS)
  expect(existsSync(root.run(run_id))).toBe(true)
})

test('what starters left that died in the middle of their first record goes after seven days, and not before', () => {
  const root = temporaryRoot()
  const half = root.run('0123456789ab')
  mkdirSync(half)
  pruneHistory(root, LOOKS)
  expect(existsSync(half)).toBe(true)
  age(half, EIGHT_DAYS_MS)
  pruneHistory(root, LOOKS)
  expect(existsSync(half)).toBe(false)
})

test('a removal that was interrupted is finished by the next one', () => {
  const root = temporaryRoot()
  const rest = join(root.path, 'runs', '.removed-0123456789ab')
  mkdirSync(rest)
  writeFileSync(join(rest, 'output.log'), 'x')
  expect(endedRuns(root)).toEqual([])
  pruneHistory(root, LOOKS)
  expect(readdirSync(join(root.path, 'runs'))).toEqual([])
})

test('a history that cannot be read keeps nobody from starting', () => {
  const root = temporaryRoot()
  const run_id = ended(root, EIGHT_DAYS_MS)
  // Something that is no directory has the name that the removal needs.
  writeFileSync(join(root.path, 'runs', `.removed-${run_id}`), '')
  mkdirSync(join(root.path, 'runs', '.removed-ffffffffffff'))
  expect(() => pruneHistory(root, LOOKS)).not.toThrow()
})
