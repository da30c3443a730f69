/** Whether a descriptor's other end is there, as poll(2) tells it: of what a stdout can be. */
import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadNative, type Native, nativePath } from '../../../framework/process/native.js'
import { stage } from './stage.js'

function native(): Native {
  const path = nativePath()
  if (path === null) throw new Error('these tests need the optional dependencies')
  return loadNative(path)
}

function pipe({ openPipe }: Native): readonly [number, number] {
  const ends = openPipe()
  if (!ends) throw new Error('no pipe is to be had')
  return ends
}

test('a pipe is hung up when nobody has its reading end, empty or not', () => {
  const { isHungUp, ...rest } = native()
  for (const content of ['', 'unread']) {
    const [reading, writing] = pipe({ isHungUp, ...rest })
    writeSync(writing, content)
    expect(isHungUp(writing)).toBe(false)
    closeSync(reading)
    expect(isHungUp(writing)).toBe(true)
    closeSync(writing)
    expect(isHungUp(writing)).toBe(true)
  }
})

test('a full pipe is not hung up, and nobody waits for room in it', () => {
  const { isHungUp } = native()
  const path = stage.path('fifo')
  spawnSync('mkfifo', [path])
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  expect(() => {
    for (;;) writeSync(writing, Buffer.alloc(4096))
  }).toThrow('EAGAIN')
  expect(isHungUp(writing)).toBe(false)
  closeSync(reading)
  expect(isHungUp(writing)).toBe(true)
  closeSync(writing)
})

test('a file and a device are never hung up', () => {
  const { isHungUp } = native()
  for (const path of [stage.path('file'), '/dev/null', '/dev/full']) {
    const descriptor = openSync(path, 'w')
    expect(isHungUp(descriptor)).toBe(false)
    closeSync(descriptor)
  }
})
