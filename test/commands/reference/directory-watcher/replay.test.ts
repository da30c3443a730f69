/** The lines, replayed, always give the directory: whatever happened, however fast, and whatever the kernel dropped. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { RandomOperations } from './random-operations.js'
import { Replay } from './replay.js'
import { Bench, type WatcherProcess } from './watcher-process.js'

const bench = new Bench()

/** Waits until the lines agree with the disk, lets the watcher end, and sees that they still do. */
async function agrees(watcher: WatcherProcess, replay: Replay): Promise<void> {
  const equal = () => {
    replay.read(watcher.lines)
    return replay.differences().length === 0
  }
  try {
    await watcher.until('the lines to agree with the disk', equal)
  } catch (error) {
    throw new Error(`${replay.differences().slice(0, 10).join('\n')}`, { cause: error })
  }
  // Whatever was still to be said about it would now come before this line.
  const mark = join(bench.dir, 'the last entry')
  writeFileSync(mark, '')
  await watcher.about('create', mark)
  expect(await watcher.stop()).toEqual({ code: 0, signal: null })
  expect(equal()).toBe(true)
  expect(replay.objections).toEqual([])
}

describe('random operations', () => {
  it.each([1, 2, 3, 4, 5, 6])('as fast as they can be made (seed %i)', async seed => {
    const watcher = await bench.watch()
    const replay = new Replay(bench.dir)
    const operations = new RandomOperations(bench.dir, bench.outside, seed)
    for (let i = 0; i < 3_000; i++) operations.one()
    await agrees(watcher, replay)
  })

  it.each([11, 12, 13, 14, 15, 16])('with pauses in which the watcher looks (seed %i)', async seed => {
    const watcher = await bench.watch()
    const replay = new Replay(bench.dir)
    const operations = new RandomOperations(bench.dir, bench.outside, seed)
    for (let i = 0; i < 1_200; i++) {
      operations.one()
      if (operations.random(20) === 0) await pause(operations.random(30))
    }
    await agrees(watcher, replay)
  })

  it('of two processes at once', async () => {
    const watcher = await bench.watch()
    const replay = new Replay(bench.dir)
    const shell =
      'for i in $(seq 150); do mkdir -p m/n$((i%7)); mv m k 2>&-; echo x > k/f$((i%5)); mv k m 2>&-; done'
    const other = spawn('sh', ['-c', `${shell} 2>/dev/null; rm -rf k m`], { cwd: bench.dir, stdio: 'ignore' })
    const ended = once(other, 'exit')
    const operations = new RandomOperations(bench.dir, bench.outside, 31)
    while (other.exitCode === null) {
      operations.one()
      await pause(0)
    }
    await ended
    await agrees(watcher, replay)
  })
})

describe('when the kernel had to drop events', () => {
  const queue = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))

  it.skipIf(queue > 100_000)('the directory is read again: nothing stays untold', async () => {
    const at = (path: string) => join(bench.dir, path)
    mkdirSync(at('before/deep'), { recursive: true })
    writeFileSync(at('before/deep/f'), 'x')
    writeFileSync(at('before/g'), 'x')
    mkdirSync(at('noise'))
    const watcher = await bench.watch()
    const replay = new Replay(bench.dir)
    watcher.child.kill('SIGSTOP')
    for (let i = 0; i < queue; i++) writeFileSync(at(`noise/${i}`), '')
    // The queue is full: of all this the kernel says nothing.
    for (let i = 0; i < 1_000; i++) rmSync(at(`noise/${i}`))
    rmSync(at('before/g'))
    renameSync(at('before/deep'), at('after'))
    writeFileSync(at('after/f'), 'longer')
    mkdirSync(at('new/deep'), { recursive: true })
    writeFileSync(at('new/deep/f'), 'x')
    watcher.child.kill('SIGCONT')
    await watcher.about('create', at('new/deep/f'))
    await watcher.about('change', at('after/f'))
    // And what is new is watched.
    writeFileSync(at('new/deep/g'), 'x')
    await agrees(watcher, replay)
    expect(watcher.told(bench.dir)).toContain('rename before/deep -> after')
  })
})
