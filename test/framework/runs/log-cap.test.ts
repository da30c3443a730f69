import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LogCap } from '../../../framework/runs/log-cap.js'

const CAP = 256 * 1024

function log(bytes: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'chaperone-log-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'output.log')
  writeFileSync(path, Buffer.concat([Buffer.alloc(bytes / 2, 'h'), Buffer.alloc(bytes / 2, 't')]))
  return path
}

test('a log above its cap gets a hole between head and tail when it is closed, and keeps its length', async () => {
  const path = log(8 * CAP)
  await new LogCap(path, CAP).close()
  const { size, blocks } = statSync(path)
  expect(size).toBe(8 * CAP)
  expect(blocks * 512).toBeLessThanOrEqual(CAP)
  const bytes = readFileSync(path)
  expect(bytes.subarray(0, CAP / 4).equals(Buffer.alloc(CAP / 4, 'h'))).toBe(true)
  expect(bytes.at(-1)).toBe('t'.charCodeAt(0))
})

test('a log within its cap is left as it is', async () => {
  const path = log(CAP / 2)
  const cap = new LogCap(path, CAP)
  cap.follow()
  await cap.close()
  expect(readFileSync(path).includes(0)).toBe(false)
})

/** Writes to the end of a log, as its program does. */
const write = (path: string, bytes: number): void => appendFileSync(path, Buffer.alloc(bytes, 'n'))

/** Lets the file system allocate blocks ahead of the end of the file, as XFS does by itself (fallocate(2)). */
const allocateAhead = (path: string): unknown =>
  execFileSync('fallocate', ['--keep-size', '--length', String(64 * CAP), path])

test('blocks that the file system allocated ahead are no reason to cut a log', async () => {
  const path = log(CAP / 2)
  allocateAhead(path)
  const before = readFileSync(path)
  expect(statSync(path).blocks * 512).toBeGreaterThan(CAP)
  await new LogCap(path, CAP).close()
  expect(readFileSync(path).equals(before)).toBe(true)
})

test('what was punched is no reason to cut it again, and what is written later is', async () => {
  const path = log(8 * CAP)
  const cap = new LogCap(path, CAP)
  await cap.close()
  write(path, CAP / 4)
  allocateAhead(path)
  const before = readFileSync(path)
  await cap.close()
  expect(readFileSync(path).equals(before)).toBe(true)
  write(path, CAP)
  await cap.close()
  const after = readFileSync(path)
  expect(after.subarray(0, CAP / 4).equals(before.subarray(0, CAP / 4))).toBe(true)
  expect(after.filter(byte => byte !== 0).length).toBeLessThanOrEqual(CAP)
  expect(after.at(-1)).toBe('n'.charCodeAt(0))
})

test('a log that its program cut to nothing and wrote anew is held to its cap again', async () => {
  const path = log(8 * CAP)
  const cap = new LogCap(path, CAP)
  await cap.close()
  truncateSync(path, 0)
  write(path, 8 * CAP)
  await cap.close()
  const { size, blocks } = statSync(path)
  expect(size).toBe(8 * CAP)
  expect(blocks * 512).toBeLessThanOrEqual(CAP)
})

test('where no hole can be punched the log is cut to nothing', async () => {
  const path = log(8 * CAP)
  const before = process.env['PATH']
  process.env['PATH'] = '/nonexistent'
  try {
    await new LogCap(path, CAP).close()
  } finally {
    process.env['PATH'] = before
  }
  expect(statSync(path).size).toBe(0)
})

test('a log that is gone, or in a place that is none, is no error', async () => {
  await new LogCap('/nonexistent/output.log', CAP).close()
  await new LogCap('/dev/null/output.log', CAP).close()
})
