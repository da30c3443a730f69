/** Where the lines go: a pipe whose reader is slow or gone, a file, a full disk. */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Replay } from './replay.js'
import { Bench, type Line } from './watcher-process.js'

const bench = new Bench()

/** Enough lines to fill any pipe. */
function makeManyEntries(): void {
  for (let i = 0; i < 3_000; i++) writeFileSync(join(bench.dir, `${'long'.repeat(40)}-${i}`), '')
}

it('a reader that went ends the watcher quietly', async () => {
  const watcher = await bench.watch()
  watcher.child.stdout?.destroy()
  writeFileSync(join(bench.dir, 'f'), '')
  expect(await watcher.ended()).toEqual({ code: 0, signal: null })
  expect(watcher.stderr).toBe('')
})

it('a reader that stopped reading does not keep the watcher from ending', async () => {
  const watcher = await bench.watch()
  watcher.child.stdout?.pause()
  makeManyEntries()
  watcher.child.kill('SIGTERM')
  // 'exit', unlike 'close', does not wait for the output to be read.
  await watcher.until('the exit', () => watcher.child.exitCode !== null)
  expect(watcher.child.exitCode).toBe(0)
})

it('a slow reader gets every line in the end', async () => {
  const watcher = await bench.watch()
  const replay = new Replay(bench.dir)
  watcher.child.stdout?.pause()
  makeManyEntries()
  renameSync(join(bench.dir, `${'long'.repeat(40)}-0`), join(bench.dir, 'renamed'))
  watcher.child.stdout?.resume()
  await watcher.until('all lines', () => {
    replay.read(watcher.lines)
    return replay.differences().length === 0
  })
  expect(replay.objections).toEqual([])
})

it('lines are appended to a file, whole, after what others wrote there', async () => {
  const path = join(bench.outside, 'log')
  writeFileSync(path, 'before\n')
  const log = openSync(path, 'a')
  const watcher = bench.start(bench.dir, { stdio: ['ignore', log, 'pipe'] })
  closeSync(log)
  const lines = () => readFileSync(path, 'utf8').split('\n')
  await watcher.until('the first line', () => lines().length === 3)
  makeManyEntries()
  await watcher.until('all lines', () => lines().length === 3_003)
  expect(await watcher.stop()).toEqual({ code: 0, signal: null })
  const [before, ...rest] = lines().slice(0, -1)
  const events = rest.map(text => {
    const line: Line = JSON.parse(text)
    return line.event
  })
  expect(before).toBe('before')
  expect(events).toEqual(['watching', ...Array(3_000).fill('create'), 'ended'])
})

it('a full disk does not keep the watcher from ending', async () => {
  const full = openSync('/dev/full', 'w')
  const watcher = bench.start(bench.dir, { stdio: ['ignore', full, 'pipe'] })
  closeSync(full)
  await watcher.until('the first watch', () => watcher.hasWatches())
  expect(await watcher.stop()).toEqual({ code: 0, signal: null })
  expect(watcher.stderr).toBe('')
})

/** Runs a program with its output in a full file system of its own (mount_namespaces(7)). */
const ON_FULL_DISK = [
  ...['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c'],
  'mount -t tmpfs -o size=64k tmpfs "$DISK" || exit; cat /dev/zero > "$DISK/filler"; exec "$@" >> "$DISK/log"',
  'sh',
]

function canMount(): boolean {
  const [file = '', ...args] = ON_FULL_DISK
  return spawnSync(file, [...args, 'true'], { env: { ...process.env, DISK: '/mnt' } }).status === 0
}

it.skipIf(!canMount())('no line is lost for a full disk (needs user namespaces)', async () => {
  const env = { ...process.env, DISK: bench.outside }
  const watcher = bench.start(bench.dir, { env }, ON_FULL_DISK)
  const disk = () => `/proc/${watcher.child.pid}/root${bench.outside}`
  await watcher.until('the first watch', () => watcher.hasWatches())
  writeFileSync(join(bench.dir, 'f'), '')
  expect(readFileSync(join(disk(), 'log'), 'utf8')).toBe('')
  rmSync(join(disk(), 'filler'))
  writeFileSync(join(bench.dir, 'g'), '')
  const log = () => readFileSync(join(disk(), 'log'), 'utf8')
  await watcher.until('the last line', () => log().includes('/g"'))
  const events = log()
    .split('\n')
    .slice(0, -1)
    .map(text => {
      const line: Line = JSON.parse(text)
      return `${line.event} ${line.path?.replace(bench.dir, '')}`
    })
  expect(events[0]).toBe('watching ')
  expect(events).toContain('create /g')
})

it('an output that cannot be written to is an error of its own', async () => {
  const closed = openSync('/dev/null', 'r')
  const watcher = bench.start(bench.dir, { stdio: ['ignore', closed, 'pipe'] })
  closeSync(closed)
  expect(await watcher.ended()).toEqual({ code: 74, signal: null })
  expect(watcher.stderr).toContain('EBADF')
})
