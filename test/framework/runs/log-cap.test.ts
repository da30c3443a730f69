import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
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
