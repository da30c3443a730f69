/** The end of a log in memory: bounded, and from the beginning of a line on. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LogCap } from '../../../../framework/runs/log-cap.js'
import { LogUnreadable } from '../../../../framework/runs/log-reader/log-file.js'
import { readTail } from '../../../../framework/runs/log-reader/tail.js'
import { type RecordedRun, recordedRun, stateRoot } from '../recorded-run.js'

const LIMIT = 1024 * 1024

const numberedLines = (bytes: number): string =>
  Array.from({ length: Math.ceil(bytes / 20) }, (_, index) => `line ${index} `.padEnd(19, '.')).join('\n')

async function tail(log: string, last_lines: number | null, room: number) {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, log)
  const read = await readTail(run.root, run.run_id, last_lines, room)
  const bytes = read?.pieces.flatMap(piece => (piece.kind === 'bytes' ? [piece.bytes] : [])) ?? []
  return { text: Buffer.concat(bytes).toString(), is_cut: read?.is_cut }
}

test.each([
  ['one\ntwo\nthree\n', null, 100, 'one\ntwo\nthree\n', false],
  ['one\ntwo\nthree\n', null, 14, 'one\ntwo\nthree\n', false],
  ['one\ntwo\nthree\n', null, 13, 'two\nthree\n', true],
  ['one\ntwo\nthree\n', null, 10, 'two\nthree\n', true],
  ['one\ntwo\nthree\n', null, 9, 'three\n', true],
  ['one\ntwo\nthree\n', 2, 10, 'two\nthree\n', false],
  ['one\ntwo\nthree\n', 2, 9, 'three\n', true],
  // Of a line that is longer than the room the end is there.
  ['one\ntwo\nthree\n', null, 4, 'ree\n', true],
  ['oneline', null, 4, 'line', true],
])('of %j, %j lines in %i bytes are %j', async (log, last_lines, room, text, is_cut) => {
  expect(await tail(log, last_lines, room)).toEqual({ text, is_cut })
})

test('a hole takes no room', async () => {
  const run = recordedRun(stateRoot(), { log_max_bytes: LIMIT })
  const written = numberedLines(4 * LIMIT)
  writeFileSync(run.log, written)
  await new LogCap(run.log, LIMIT).close()
  for (const [room, kinds] of [
    [LIMIT, ['bytes', 'missing', 'bytes']],
    // More than what is behind the hole, which is less than half of the limit.
    [LIMIT / 2, ['bytes', 'missing', 'bytes']],
    [LIMIT / 4, ['bytes']],
  ] as const) {
    const { pieces, is_cut } = (await readTail(run.root, run.run_id, null, room)) ?? {
      pieces: [],
      is_cut: null,
    }
    const seen = pieces.map(({ kind }) => kind)
    expect(seen.filter((kind, index) => kind !== seen[index - 1])).toEqual(kinds)
    expect(is_cut).toBe(room < LIMIT)
    const bytes = pieces.map(piece => (piece.kind === 'bytes' ? piece.bytes.length : 0))
    expect(bytes.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(room)
    const [first] = pieces
    expect(first?.kind === 'bytes' && first.bytes.toString('utf8', 0, 5)).toBe('line ')
  }
})

test('there is no end of a log that is not there', async () => {
  const run = recordedRun(stateRoot())
  expect(await readTail(run.root, run.run_id, null, 100)).toBeNull()
})

test.each<[string, (run: RecordedRun) => void]>([
  ['a symbolic link', ({ log }) => symlinkSync('/etc/hostname', log)],
  ['a directory', ({ log }) => mkdirSync(log)],
  ['a FIFO', ({ log }) => execFileSync('mkfifo', [log])],
])('%s in the place of the log is refused', async (_, make) => {
  const run = recordedRun(stateRoot())
  rmSync(run.log, { force: true })
  make(run)
  await expect(readTail(run.root, run.run_id, null, 100)).rejects.toBeInstanceOf(LogUnreadable)
})
