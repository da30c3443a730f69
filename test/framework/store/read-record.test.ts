import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { self } from '../../../framework/process/identity.js'
import { publish, readRecord, setAside } from '../../../framework/store/record.js'
import type { RunMain } from '../../../schemas/generated/types.js'
import validateMain from '../../../schemas/generated/validate-run-main.js'
import { runElsewhere } from '../process/elsewhere.js'
import { isRoot } from '../process/witness.js'
import { directory } from './directory.js'

let path: string
beforeEach(() => {
  path = join(directory, 'main.json')
})

const RECORD: RunMain = {
  schema_version: '1.0',
  run_id: 'a1b2c3d4e5f6',
  main: { ...self(), pid: 4711 },
  pgid: 4711,
  sid: 4711,
  started_at: '2026-11-20T11:00:00.000Z',
}

const read = (file = path) => readRecord(file, validateMain)

test('reads what was published', () => {
  publish(path, RECORD, { sync: false })
  expect(read()).toEqual({ state: 'ok', record: RECORD })
})

test('is absent where there is no file, or no directory', () => {
  expect(read()).toEqual({ state: 'absent' })
  expect(read(join(directory, 'missing', 'main.json'))).toEqual({ state: 'absent' })
})

test('tells a newer version from a corrupt record, and reads a later minor version', () => {
  publish(path, { schema_version: '2.0', anything: 'new' }, { sync: false })
  expect(read()).toEqual({ state: 'newer', schema_version: '2.0' })
  const minor = join(directory, 'minor.json')
  publish(minor, { ...RECORD, schema_version: '1.7' }, { sync: false })
  expect(read(minor)).toMatchObject({ state: 'ok' })
})

test.each([
  ['nothing', ''],
  ['half a record', JSON.stringify(RECORD).slice(0, 50)],
  ['zeros', '\0'.repeat(4096)],
  ['no record', '[1,2]'],
  ['a null', 'null'],
  ['a number', '12'],
  ['a record without its version', JSON.stringify({ ...RECORD, schema_version: undefined })],
  ['a version that is none', JSON.stringify({ ...RECORD, schema_version: '2' })],
  ['a version of another kind', JSON.stringify({ ...RECORD, schema_version: 3 })],
  ['an unknown field', JSON.stringify({ ...RECORD, extra: 1 })],
  ['a pid of nobody', JSON.stringify({ ...RECORD, main: { ...RECORD.main, pid: -1 } })],
])('is corrupt where the file holds %s', (_, content) => {
  writeFileSync(path, content)
  expect(read()).toEqual({ state: 'corrupt', reason: expect.stringMatching(/\w/) })
})

test('names the place that does not fit', () => {
  writeFileSync(path, JSON.stringify({ ...RECORD, main: { ...RECORD.main, start_time: 'x' } }))
  expect(read()).toEqual({ state: 'corrupt', reason: expect.stringContaining('/main/start_time') })
})

test('is corrupt, and neither followed nor waited for, where it is no regular file', () => {
  const target = join(directory, 'target.json')
  publish(target, RECORD, { sync: false })
  symlinkSync(target, path)
  expect(read()).toMatchObject({ state: 'corrupt', reason: expect.stringContaining('symbolic link') })
  rmSync(path)
  execFileSync('mkfifo', [path])
  expect(read()).toMatchObject({ state: 'corrupt' })
  rmSync(path)
  mkdirSync(path)
  expect(read()).toMatchObject({ state: 'corrupt' })
  expect(read(join(target, 'main.json'))).toMatchObject({ state: 'corrupt' })
})

test('is corrupt where it is longer than any record', () => {
  writeFileSync(path, JSON.stringify({ ...RECORD, filler: 'x'.repeat(5 * 1024 * 1024) }))
  expect(read()).toMatchObject({ state: 'corrupt', reason: expect.stringContaining('longer') })
})

test.skipIf(!isRoot)('is corrupt, not absent, where we may not read it', () => {
  publish(path, RECORD, { sync: false })
  chmodSync(directory, 0o755)
  const source = `
import { readRecord } from './framework/store/record.js'
import validate from './schemas/generated/validate-run-main.js'
process.setgroups([]); process.setgid(65534); process.setuid(65534)
console.log(JSON.stringify(readRecord(process.argv[2], validate).state))`
  expect(runElsewhere(source, [], [path])).toBe('corrupt')
})

test('is set aside under another name, kept, and leaves the name free', () => {
  writeFileSync(path, 'damaged')
  const aside = setAside(path)
  expect(aside).toMatch(/main\.json\.corrupt-[0-9a-f]{12}$/)
  expect(readFileSync(aside ?? '', 'utf8')).toBe('damaged')
  expect(read()).toEqual({ state: 'absent' })
  expect(setAside(path)).toBeNull()
  symlinkSync('nowhere', path)
  expect(setAside(path)).not.toBeNull()
  expect(publish(path, RECORD, { sync: false })).toBe('published')
  expect(readdirSync(directory)).toHaveLength(3)
})
