/** The end of a log in memory: bounded, and from the beginning of a line on. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LogUnreadable } from '../../../../framework/runs/log-reader/log-file.js'
import { readTail } from '../../../../framework/runs/log-reader/tail.js'
import { type RecordedRun, recordedRun, stateRoot } from '../recorded-run.js'

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
