/** The bytes of a log as they were written: whatever they are, also while they are being written. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leaveLive } from '../../../../framework/runs/intent.js'
import { LogCursor } from '../../../../framework/runs/log-reader/cursor.js'
import { openLog } from '../../../../framework/runs/log-reader/open-log.js'
import { type RecordedRun, recordedRun, stateRoot } from '../recorded-run.js'
import { pieces, sha256, text, whole } from './reading.js'

/** A real program whose stdout is the log, as a background program's is. */
async function written(run: RecordedRun, program: string, args: readonly string[] = []): Promise<void> {
  const log = openSync(run.log, 'a', 0o600)
  const child = spawn(process.execPath, ['-e', program, ...args], { stdio: ['ignore', log, 'inherit'] })
  closeSync(log)
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the writer ended with ${code}`)
}

test('ten megabytes of random bytes come out as they are', async () => {
  const run = recordedRun(stateRoot())
  const bytes = randomBytes(10_000_000)
  writeFileSync(run.log, bytes)
  expect(sha256(whole(await pieces(run)))).toBe(sha256(bytes))
})

test('a line of 200,000 characters comes out as it is', async () => {
  const run = recordedRun(stateRoot())
  const line = `${'äbcdé'.repeat(40_000)}\n`
  writeFileSync(run.log, `before\n${line}after\n`)
  expect(await text(run)).toBe(`before\n${line}after\n`)
})

test('megabytes of zeros that a program wrote are no hole', async () => {
  const run = recordedRun(stateRoot())
  // Also where the hole of a capped log begins.
  const bytes = Buffer.concat([randomBytes(100_000), Buffer.alloc(5_000_000), Buffer.from('end\n')])
  writeFileSync(run.log, bytes)
  expect(sha256(whole(await pieces(run)))).toBe(sha256(bytes))
})

test('a log that is empty, and one that is not there, have no bytes', async () => {
  const root = stateRoot()
  const [empty, absent] = [recordedRun(root), recordedRun(root)]
  writeFileSync(empty.log, '')
  expect(await pieces(empty)).toEqual([])
  expect(await pieces(absent)).toEqual([])
})

test('what is written while a log is read without following it is left for the next reading', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'there\n')
  const kept = await pieces(run, {}, () => appendFileSync(run.log, 'later\n'))
  expect(whole(kept).toString()).toBe('there\n')
})

test('a log that is emptied while it is read without following it ends there: what it holds then came later', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'there\n'.repeat(200_000))
  let is_emptied = false
  const kept = await pieces(run, {}, () => {
    if (is_emptied) return
    is_emptied = true
    writeFileSync(run.log, 'later\n'.repeat(100_000))
  })
  const [there, missing, ...later] = kept
  expect(there && 'bytes' in there && there.bytes.toString()).toMatch(/^(?:there\n)+(?:there?|the?|t)?$/)
  expect([missing, later]).toEqual([{ missing: null }, []])
})

test('the mark behind the last output of a pane, which its shim takes out again, is none of the log', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'one\n')
  const file = await openLog(run.root, run.run_id)
  if (!file) throw new Error('there is no log')
  const cursor = await LogCursor.at(file, 0)
  const next = async () => {
    const piece = await cursor.next()
    return piece?.kind === 'bytes' ? piece.bytes.toString() : piece
  }
  expect(await next()).toBe('one\n')
  const mark = `\x1b^${'0123456789abcdef'.repeat(2)}\x1b\\`
  for (const byte of mark) {
    appendFileSync(run.log, byte)
    expect(await next()).toBe(null)
  }
  expect(await text(run)).toBe('one\n')
  expect(await text(run, { last_lines: 1 })).toBe('one\n')
  truncateSync(run.log, 4)
  expect(await next()).toBe(null)
  appendFileSync(run.log, 'two\x1b^no mark')
  expect(await next()).toBe('two\x1b^no mark')
  await file.close()
})

test.each(['one\x1b', 'one\x1b^', 'one\x1b^0123', 'one\x1b[2J'])(
  'what only begins as the mark of a pane comes out at the end: %j',
  async log => {
    const run = recordedRun(stateRoot())
    writeFileSync(run.log, log)
    expect(await text(run)).toBe(log)
    const following = text(run, { follow: true })
    run.end()
    expect(await following).toBe(log)
  },
)

const TEN_MEGABYTES = `
const { createHash, randomBytes } = require('node:crypto')
const { writeFileSync, writeSync } = require('node:fs')
const hash = createHash('sha256')
for (let left = 10_000_000; left > 0; ) {
  const part = randomBytes(Math.min(left, 1 + Math.floor(Math.random() * 200_000)))
  hash.update(part)
  for (let done = 0; done < part.length; ) done += writeSync(1, part, done)
  left -= part.length
}
writeFileSync(process.argv[1], hash.digest('hex'))
`

test('a log that is followed while it grows comes out whole, and the reading ends with the run', async () => {
  const run = recordedRun(stateRoot())
  const digest = `${run.log}.sha256`
  const reading = pieces(run, { follow: true })
  await written(run, TEN_MEGABYTES, [digest])
  run.end()
  const bytes = whole(await reading)
  expect(bytes.length).toBe(10_000_000)
  expect(sha256(bytes)).toBe(readFileSync(digest, 'utf8'))
})

test('a log that has not been made yet is waited for while the run may make it', async () => {
  const run = recordedRun(stateRoot())
  const reading = pieces(run, { follow: true })
  await written(run, 'process.stdout.write("made\\n")')
  run.end()
  expect(whole(await reading).toString()).toBe('made\n')
})

test('following a run that ended without a log ends', async () => {
  const run = recordedRun(stateRoot())
  run.end()
  expect(await pieces(run, { follow: true })).toEqual([])
})

test('bytes come out as they are written, not at the end', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'one')
  const expected = ['one', 'onetwo', 'onetwothree']
  const kept = await pieces(run, { follow: true }, (_, so_far) => {
    const seen = whole(so_far).toString()
    expect(seen).toBe(expected.shift())
    // The next part is written only because this one has come.
    if (seen === 'one') appendFileSync(run.log, 'two')
    else if (seen === 'onetwo') appendFileSync(run.log, 'three')
    else run.end()
  })
  expect(whole(kept).toString()).toBe('onetwothree')
})

test('the reading of an ended run ends, although a leftover goes on writing', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'last word of the run\n')
  run.end()
  const kept = await pieces(run, { follow: true }, () =>
    appendFileSync(run.log, 'leftover\n'.repeat(100_000)),
  )
  expect(whole(kept).toString()).toBe('last word of the run\n')
})

test('a reading that is called off ends', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'first\n')
  const controller = new AbortController()
  const kept = await pieces(run, { follow: true, signal: controller.signal }, () => controller.abort())
  expect(whole(kept).toString()).toBe('first\n')
})

test('a log whose records are removed while it is followed is read to its end', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'read from an open file\n')
  const kept = await pieces(run, { follow: true }, () => {
    rmSync(run.root.run(run.run_id), { recursive: true })
    leaveLive(run.root, run.run_id)
  })
  expect(whole(kept).toString()).toBe('read from an open file\n')
})

test('the following of a log ends where nobody can tell any more whether its run does', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'written before\n')
  writeFileSync(join(run.root.run(run.run_id), 'owner.json'), '')
  expect(await text(run, { follow: true })).toBe('written before\n')
})

test('a log that was emptied is read from its beginning, and the loss is told', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'old '.repeat(1_000))
  const kept = await pieces(run, { follow: true }, piece => {
    if ('missing' in piece) return
    if (piece.bytes.includes('old')) writeFileSync(run.log, 'new')
    else run.end()
  })
  expect(kept.slice(1)).toEqual([{ missing: null }, { bytes: Buffer.from('new') }])
})

test('a log that was emptied and has grown past the place of the reader is noticed, too', async () => {
  const run = recordedRun(stateRoot())
  writeFileSync(run.log, 'old '.repeat(1_000))
  const fresh = randomBytes(100_000)
  const kept = await pieces(run, { follow: true }, piece => {
    if ('missing' in piece || statSync(run.log).size === fresh.length) return run.end()
    writeFileSync(run.log, fresh)
  })
  expect(kept.slice(1)).toEqual([{ missing: null }, { bytes: fresh }])
})
