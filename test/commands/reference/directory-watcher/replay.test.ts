/** The lines, replayed, always give the directory: whatever happened, however fast, and whatever the kernel dropped. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { RandomOperations } from './random-operations.js'
import { Replay } from './replay.js'
import { Bench, type WatcherProcess } from './watcher-process.js'

const bench = new Bench()

/** Waits until the lines agree with the disk, lets the watcher end, and sees that they still do. */
async function agrees(watcher: WatcherProcess, replay: Replay, dir = bench.dir): Promise<void> {
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
  const mark = join(dir, 'the last entry')
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

  it.each([21, 22, 23])('during the first scan (seed %i)', async seed => {
    const operations = new RandomOperations(bench.dir, bench.outside, seed)
    for (let i = 0; i < 500; i++) operations.one()
    const watcher = bench.start()
    let watching = false
    const ready = watcher.line('watching', () => true).then(() => {
      watching = true
    })
    while (!watching) {
      operations.one()
      await pause(0)
    }
    await ready
    // What was told of the time before this moment is not known to this test; so it asks at the end, on a fresh start.
    const before = watcher.lines.length
    const settled = join(bench.dir, 'settled')
    writeFileSync(settled, '')
    await watcher.about('create', settled, before - 1)
    const seen = watcher.lines.length
    const replay = new Replay(bench.dir)
    for (let i = 0; i < 1_000; i++) operations.one()
    await agrees({ ...watcher, lines: watcher.lines.slice(seen) } as WatcherProcess, replay)
  })
})
