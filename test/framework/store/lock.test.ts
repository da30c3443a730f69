import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { withLock } from '../../../framework/store/lock.js'
import { Bundle } from '../process/elsewhere.js'
import { exited, waitFor } from '../process/witness.js'
import { directory } from './directory.js'

let path: string
beforeEach(() => {
  path = join(directory, 'children.pids')
})

test('gives what the work gave, and leaves nothing behind', async () => {
  expect(await withLock(path, 1_000, () => 7)).toEqual({ held: true, value: 7 })
  expect(await withLock(path, 1_000, async () => 'later')).toEqual({ held: true, value: 'later' })
  expect(readdirSync(directory)).toEqual([])
})

test('lets one in at a time', async () => {
  let inside = 0
  const most: number[] = []
  const work = async () => {
    most.push(++inside)
    await new Promise(resolve => setTimeout(resolve, 2))
    inside--
  }
  const results = await Promise.all(Array.from({ length: 8 }, () => withLock(path, 20_000, work)))
  expect(results.every(result => result.held)).toBe(true)
  expect(most).toEqual(Array(8).fill(1))
})

test('does not do the work where it cannot have the lock in time', async () => {
  let release: () => void = () => {}
  const holding = withLock(path, 0, () => new Promise<void>(resolve => (release = resolve)))
  await waitFor('the lock', () => readdirSync(directory).length === 1)
  for (const wait_ms of [0, 60]) {
    const result = await withLock(path, wait_ms, () => expect.unreachable('worked without the lock'))
    expect(result).toEqual({ held: false })
  }
  release()
  expect(await holding).toMatchObject({ held: true })
  expect(await withLock(path, 0, () => 'free')).toEqual({ held: true, value: 'free' })
})

test('is given back where the work fails', async () => {
  const failing = withLock(path, 0, () => {
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await withLock(path, 0, () => 'free')).toEqual({ held: true, value: 'free' })
})

test('is taken from a holder that died long ago', async () => {
  mkdirSync(`${path}.lock`)
  expect(await withLock(path, 0, () => 1)).toEqual({ held: false })
  const long_ago = new Date(Date.now() - 60_000)
  utimesSync(`${path}.lock`, long_ago, long_ago)
  expect(await withLock(path, 0, () => 1)).toEqual({ held: true, value: 1 })
})

test('is kept from another process, and had once that has gone', async () => {
  const bundle = new Bundle(`
import { withLock } from './framework/store/lock.js'
await withLock(process.argv[2], 0, () => new Promise(resolve => { console.log('held'); process.stdin.once('data', resolve) }))
process.stdin.destroy()`)
  const holder = spawn(process.execPath, [bundle.path, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    await new Promise(resolve => holder.stdout.once('data', resolve))
    expect(await withLock(path, 30, () => 1)).toEqual({ held: false })
    holder.stdin.write('go')
    expect(await withLock(path, 20_000, () => 1)).toEqual({ held: true, value: 1 })
  } finally {
    holder.kill()
    await exited(holder)
    bundle.remove()
  }
})

test('fails by name where its directory is not there', async () => {
  await expect(withLock(join(directory, 'missing', 'x'), 1_000, () => 1)).rejects.toMatchObject({
    code: 'ENOENT',
  })
})
