import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
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
import { until } from '../../e2e/harness/until.js'

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

/** Calls with another PATH than ours. */
async function withPath(path: string, call: () => Promise<void>): Promise<void> {
  const before = process.env['PATH']
  process.env['PATH'] = path
  try {
    await call()
  } finally {
    process.env['PATH'] = before
  }
}

/** Puts a script in the place of `fallocate`, and calls with it. @param script what it does, the first time and later */
async function withFallocate(script: string, call: () => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'chaperone-fallocate-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const first = join(directory, 'was-there')
  const path = process.env['PATH']
  const text = `#!/bin/sh\nPATH='${path}'\nis_first() { mkdir '${first}' 2>/dev/null; }\n${script}\n`
  writeFileSync(join(directory, 'fallocate'), text)
  chmodSync(join(directory, 'fallocate'), 0o755)
  await withPath(directory, call)
}

test.each(['it is missing', 'it may not be executed'])(
  'where no hole can be punched, since %s, the log is cut to nothing',
  async why => {
    const path = log(8 * CAP)
    const close = () => new LogCap(path, CAP).close()
    if (why === 'it is missing') await withPath('/nonexistent', close)
    else
      await withFallocate('', async () => {
        chmodSync(join(process.env['PATH'] ?? '', 'fallocate'), 0o644)
        await close()
      })
    expect(statSync(path).size).toBe(0)
  },
)

test('where no hole can be punched, since the file system has none, the log is cut to nothing, and that is not tried again', async () => {
  const path = log(8 * CAP)
  const cap = new LogCap(path, CAP)
  await withFallocate('is_first && exit 1; exec fallocate "$@"', async () => {
    await cap.close()
    expect(statSync(path).size).toBe(0)
    write(path, 8 * CAP)
    await cap.close()
  })
  expect(statSync(path).size).toBe(0)
})

test.each(['next look', 'end of the run'])(
  'where punching is cut short the log is kept, and gets its hole at the %s',
  async moment => {
    const path = log(2 * CAP)
    const cap = new LogCap(path, CAP)
    const isCut = () => statSync(path).blocks * 512 <= CAP
    await withFallocate('is_first && kill -KILL $$; exec fallocate "$@"', async () => {
      if (moment === 'next look') {
        cap.follow()
        await until('the log to be cut', isCut)
      }
      await cap.close()
    })
    expect(isCut()).toBe(true)
    expect(statSync(path).size).toBe(2 * CAP)
  },
)

/** Calls while this process may open nothing, and so start nothing (EMFILE). */
async function withoutDescriptors(call: () => Promise<void>): Promise<void> {
  const limit = `prlimit --pid ${process.pid} --nofile`
  // Who ends it is there before it begins, and waits for a line.
  const helper = spawn('sh', ['-c', `soft=$(ulimit -Sn); ${limit}=8: && echo; read -r _; ${limit}=$soft:`])
  await once(helper.stdout, 'data')
  try {
    await call()
  } finally {
    helper.stdin.end('\n')
    await once(helper, 'exit')
  }
}

test('where no process can be started for it the log is kept, and gets its hole at the next look', async () => {
  const path = log(2 * CAP)
  const cap = new LogCap(path, CAP)
  await withoutDescriptors(() => cap.close())
  expect(readFileSync(path).includes(0)).toBe(false)
  expect(statSync(path).size).toBe(2 * CAP)
  await cap.close()
  const { size, blocks } = statSync(path)
  expect(size).toBe(2 * CAP)
  expect(blocks * 512).toBeLessThanOrEqual(CAP)
})

test('where punching is cut short each time the log is kept, and its run waits no longer than for a last cut', async () => {
  const path = log(2 * CAP)
  await withFallocate('kill -KILL $$', () => new LogCap(path, CAP).close())
  expect(readFileSync(path).includes(0)).toBe(false)
  expect(statSync(path).size).toBe(2 * CAP)
})

test('where punching is cut short each time a log of many times its cap is cut to nothing', async () => {
  const path = log(8 * CAP)
  await withFallocate('kill -KILL $$', () => new LogCap(path, CAP).close())
  expect(statSync(path).size).toBe(0)
})

test('a log that is gone, or in a place that is none, is no error', async () => {
  await new LogCap('/nonexistent/output.log', CAP).close()
  await new LogCap('/dev/null/output.log', CAP).close()
})
