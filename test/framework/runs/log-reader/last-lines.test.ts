/** The last lines of a log, alone and as the beginning of what follows. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, closeSync, openSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readTail } from '../../../../framework/runs/log-reader/tail.js'
import { until } from '../../../e2e/harness/until.js'
import { recordedRun, stateRoot } from '../recorded-run.js'
import { pieces, text, whole } from './reading.js'

test.each([
  ['one\ntwo\nthree\n', 0, ''],
  ['one\ntwo\nthree\n', 1, 'three\n'],
  ['one\ntwo\nthree\n', 2, 'two\nthree\n'],
  ['one\ntwo\nthree\n', 3, 'one\ntwo\nthree\n'],
  ['one\ntwo\nthree\n', 4, 'one\ntwo\nthree\n'],
  ['one\ntwo\nthree', 1, 'three'],
  ['one\ntwo\nthree', 2, 'two\nthree'],
  ['\n\n\n', 2, '\n\n'],
  ['\n', 1, '\n'],
  ['x', 1, 'x'],
  ['', 3, ''],
])('of %j the last %i lines are %j', async (log, last_lines, expected) => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, log)
  expect(await text(run, { last_lines })).toBe(expected)
})

/** The first bytes of one that is written across the end of a page are there before the others. */
const TWO_LINES = /^line\nl(?:i|in|ine|ine\n)?$/

test('however fast a program writes, as many lines come as were asked for', async () => {
  const run = recordedRun(stateRoot())
  const log = openSync(run.log, 'a', 0o600)
  const child = spawn('sh', ['-c', 'while :; do echo line; done'], { stdio: ['ignore', log, 'inherit'] })
  closeSync(log)
  const ended = once(child, 'exit')
  await until('the first lines', () => statSync(run.log).size > 100)
  try {
    for (let calls = 0; calls < 20; calls += 1) {
      expect(await text(run, { last_lines: 2 })).toMatch(TWO_LINES)
      const read = await readTail(run.root, run.run_id, 2, 1_000)
      const bytes = read?.pieces.flatMap(piece => (piece.kind === 'bytes' ? [piece.bytes] : [])) ?? []
      expect(Buffer.concat(bytes).toString()).toMatch(TWO_LINES)
    }
  } finally {
    child.kill('SIGKILL')
    await ended
  }
})

test('lines longer than what is read at once are counted once', async () => {
  const run = recordedRun(stateRoot())
  const lines = [200_000, 65_536, 65_535, 1, 131_072].map(
    (length, index) => `${String(index).repeat(length)}\n`,
  )
  writeFileSync(run.log, lines.join(''))
  for (let last_lines = 1; last_lines <= lines.length; last_lines += 1)
    expect(await text(run, { last_lines })).toBe(lines.slice(-last_lines).join(''))
})

test('following begins with the last lines and goes on with what comes', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'one\ntwo\n')
  const kept = await pieces(run, { last_lines: 1, follow: true }, (_, so_far) => {
    if (whole(so_far).includes('three')) run.end()
    else appendFileSync(run.log, 'three\n')
  })
  expect(whole(kept).toString()).toBe('two\nthree\n')
})
