/** A log that reached its limit: cut by the real cap, before it is read, meanwhile, and behind the reader. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LogCap } from '../../../../framework/runs/log-cap.js'
import { logHeadBytes } from '../../../../framework/runs/log-shape.js'
import { type RecordedRun, recordedRun, stateRoot } from '../recorded-run.js'
import { type KeptPiece, pieces, sha256, whole } from './reading.js'

const MIB = 1024 * 1024
const LIMIT = MIB
const HEAD = logHeadBytes(LIMIT)

const cappedRun = (): RecordedRun => recordedRun(stateRoot(), { log_max_bytes: LIMIT })

/** Cuts as the owner does, where the log is over its limit. */
const cut = (run: RecordedRun): Promise<void> => new LogCap(run.log, LIMIT).close()

/** Lines that cannot be mistaken for each other. */
const numbered = (from: number, bytes: number): Buffer => {
  const lines: string[] = []
  for (let length = 0; length < bytes; ) {
    const line = `${from + lines.length} ${'.'.repeat(40)}\n`
    lines.push(line)
    length += line.length
  }
  return Buffer.from(lines.join(''))
}

/** Takes a reading of a log with one gap apart. */
function around(kept: readonly KeptPiece[]): { before: Buffer; missing: number; behind: Buffer } {
  expect(kept.length).toBe(3)
  const [first, gap, last] = kept
  if (!first || !gap || !last || !('bytes' in first && 'missing' in gap && 'bytes' in last))
    throw new Error('not bytes, a gap, and bytes')
  return { before: first.bytes, missing: gap.missing ?? Number.NaN, behind: last.bytes }
}

test('a log that was cut reads as its head, the number of bytes that are gone, and its end', async () => {
  const run = cappedRun()
  const written = randomBytes(5 * MIB + 123)
  writeFileSync(run.log, written)
  await cut(run)
  const { before, missing, behind } = around(await pieces(run))
  expect(sha256(before)).toBe(sha256(written.subarray(0, HEAD)))
  expect(missing).toBeGreaterThan(4 * MIB)
  expect(before.length + missing + behind.length).toBe(written.length)
  expect(sha256(behind)).toBe(sha256(written.subarray(HEAD + missing)))
})

test('a log within its limit is whole, zeros and all', async () => {
  const run = cappedRun()
  const written = Buffer.concat([randomBytes(1_000), Buffer.alloc(LIMIT - 2_000), randomBytes(1_000)])
  writeFileSync(run.log, written)
  await cut(run)
  expect(sha256(whole(await pieces(run)))).toBe(sha256(written))
})

test('the hole is found where the disk has more room for the log than the log needs', async () => {
  const run = cappedRun()
  const log = openSync(run.log, 'a', 0o600)
  // As XFS does by itself for a growing file: blocks behind the end of it (fallocate(2), FALLOC_FL_KEEP_SIZE).
  execFileSync('fallocate', ['--keep-size', '--length', String(16 * MIB), run.log])
  const written = randomBytes(2 * MIB)
  writeSync(log, written)
  closeSync(log)
  await cut(run)
  const { before, missing, behind } = around(await pieces(run))
  expect(before.length + missing + behind.length).toBe(written.length)
  expect(sha256(behind)).toBe(sha256(written.subarray(HEAD + missing)))
})

test('what a program itself left out of its file is no gap of ours', async () => {
  const run = cappedRun()
  writeFileSync(run.log, 'begin')
  truncateSync(run.log, HEAD - 4_096)
  appendFileSync(run.log, 'end')
  const bytes = whole(await pieces(run))
  expect(bytes.length).toBe(HEAD - 4_096 + 3)
  expect(bytes.subarray(-3).toString()).toBe('end')
})

test('a hole of a hundred gigabytes is passed without reading it', async () => {
  const run = recordedRun(stateRoot())
  const head = logHeadBytes(64 * MIB)
  const behind = Buffer.from('what came last\n')
  writeFileSync(run.log, randomBytes(head))
  truncateSync(run.log, 100 * 1024 * MIB)
  appendFileSync(run.log, behind)
  const found = around(await pieces(run))
  expect(found.before.length).toBe(head)
  expect(found.behind.toString()).toBe(behind.toString())
  expect(whole(await pieces(run, { last_lines: 1 })).toString()).toBe(behind.toString())
})

test('a slow reader gets what was there in time, and is told what was cut before it came', async () => {
  const run = cappedRun()
  const written = numbered(0, 6 * MIB)
  writeFileSync(run.log, written.subarray(0, MIB / 2))
  const kept = await pieces(run, { follow: true }, async (_, so_far) => {
    if (so_far.length > 1) return run.end()
    if (so_far.some(piece => 'bytes' in piece && piece.bytes.length === MIB / 2)) {
      appendFileSync(run.log, written.subarray(MIB / 2))
      await cut(run)
    }
  })
  const { before, missing, behind } = around(kept)
  expect(sha256(before)).toBe(sha256(written.subarray(0, MIB / 2)))
  expect(before.length + missing + behind.length).toBe(written.length)
  expect(sha256(behind)).toBe(sha256(written.subarray(MIB / 2 + missing)))
})

test('a reader loses nothing by a cut behind it', async () => {
  const run = cappedRun()
  const written = numbered(0, 4 * MIB)
  const parts = [written.subarray(0, 2 * MIB), written.subarray(2 * MIB, 3 * MIB), written.subarray(3 * MIB)]
  writeFileSync(run.log, parts[0] ?? '')
  const kept = await pieces(run, { follow: true }, async (_, so_far) => {
    const length = whole(so_far).length
    if (length === written.length) run.end()
    for (const part of [1, 2]) {
      if (length !== (part + 1) * MIB) continue
      await cut(run)
      appendFileSync(run.log, parts[part] ?? '')
    }
  })
  expect(sha256(whole(kept))).toBe(sha256(written))
})

test('a reader tells nothing twice where a cut for a log that was emptied comes over what it holds since', async () => {
  const run = cappedRun()
  const hole = 64 * 1024
  // The last bytes that were read are on both sides of where it ends.
  const written = numbered(0, HEAD + hole + 100).subarray(0, HEAD + hole + 100)
  writeFileSync(run.log, written)
  const last = Buffer.from('last\n')
  const kept = await pieces(run, { follow: true }, (_, so_far) => {
    const { length } = whole(so_far)
    if (length === written.length) {
      execFileSync('fallocate', ['-p', '-o', String(HEAD), '-l', String(hole), run.log])
      appendFileSync(run.log, last)
    }
    if (length === written.length + last.length) run.end()
  })
  expect(sha256(whole(kept))).toBe(sha256(Buffer.concat([written, last])))
})

test('a log that is emptied while its hole is passed is read from its beginning', async () => {
  const run = cappedRun()
  writeFileSync(run.log, numbered(0, 4 * MIB))
  await cut(run)
  const kept = await pieces(run, { follow: true }, piece => {
    if ('missing' in piece && piece.missing !== null) writeFileSync(run.log, 'new')
    if ('bytes' in piece && piece.bytes.toString() === 'new') run.end()
  })
  expect(kept.slice(2)).toEqual([{ missing: null }, { bytes: Buffer.from('new') }])
})

test('the last lines are found on both sides of the hole', async () => {
  const run = cappedRun()
  writeFileSync(run.log, numbered(0, 4 * MIB))
  await cut(run)
  const all = around(await pieces(run))
  const lines_behind = all.behind.toString().split('\n').length - 1

  const some = whole(await pieces(run, { last_lines: lines_behind - 1 }))
  expect(some.toString()).toBe(all.behind.subarray(all.behind.indexOf('\n') + 1).toString())

  expect(whole(await pieces(run, { last_lines: lines_behind })).toString()).toBe(all.behind.toString())

  const more = around(await pieces(run, { last_lines: lines_behind + 2 }))
  // The half of a line that the hole begins with, and the whole one before it.
  expect(more.before.toString().split('\n').length).toBe(2)
  expect(all.before.toString().endsWith(more.before.toString())).toBe(true)
  expect(more.missing).toBe(all.missing)
  expect(more.behind.toString()).toBe(all.behind.toString())
})
