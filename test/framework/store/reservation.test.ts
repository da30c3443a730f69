import { spawn } from 'node:child_process'
import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { adoptReservation, publish, reserve } from '../../../framework/store/record.js'
import { Bundle } from '../process/elsewhere.js'
import { exited, isRoot, Mount } from '../process/witness.js'
import { directory } from './directory.js'

let path: string
beforeEach(() => {
  path = join(directory, 'end.json')
})

const read = (file = path): unknown => JSON.parse(readFileSync(file, 'utf8'))

/** Uses up what the disk has left, to the last byte and the last name. */
function fill(disk: string): void {
  expect(() => writeFileSync(join(disk, 'ballast'), Buffer.alloc(1 << 21))).toThrow(/ENOSPC/)
  expect(() => {
    for (let name = 0; ; name++) writeFileSync(join(disk, `name-${name}`), '')
  }).toThrow(/ENOSPC/)
}

test('publishes what was reserved for, and leaves nothing beside it', () => {
  const reservation = reserve(path, 4096)
  expect(existsSync(path)).toBe(false)
  expect(readdirSync(directory).every(name => name.startsWith('.'))).toBe(true)
  expect(reservation.publish({ exit_code: 3 })).toBe('published')
  expect(readFileSync(path, 'utf8')).toBe('{"exit_code":3}\n')
  expect(statSync(path)).toMatchObject({ nlink: 1, mode: 0o100600 })
  expect(readdirSync(directory)).toEqual(['end.json'])
})

test.skipIf(!isRoot)('publishes on a disk that has neither a byte nor a name left', () => {
  const disk = new Mount('tmpfs', 'size=256k,nr_inodes=64')
  try {
    const end = join(disk.path, 'end.json')
    const reservation = reserve(end, 32 * 1024)
    fill(disk.path)
    expect(() => publish(join(disk.path, 'other.json'), { a: 1 }, { sync: true })).toThrow(/ENOSPC/)
    const record = { exit_code: 3, filler: 'x'.repeat(32 * 1024 - 40) }
    expect(reservation.publish(record)).toBe('published')
    expect(read(end)).toEqual(record)
  } finally {
    disk.remove()
  }
})

test.skipIf(!isRoot)('fails at once, and leaves nothing, where there is no space to reserve', () => {
  const disk = new Mount('tmpfs', 'size=64k')
  try {
    expect(() => reserve(join(disk.path, 'end.json'), 128 * 1024)).toThrow(/ENOSPC/)
    expect(readdirSync(disk.path)).toEqual([])
  } finally {
    disk.remove()
  }
})

test('gives way to an end that somebody else recorded', () => {
  const reservation = reserve(path, 4096)
  publish(path, { by: 'guard' }, { sync: false })
  expect(reservation.publish({ by: 'owner' })).toBe('exists')
  expect(read()).toEqual({ by: 'guard' })
  expect(readdirSync(directory)).toEqual(['end.json'])
})

test('refuses a record that is too long, writes nothing, and takes a shorter one', () => {
  const reservation = reserve(path, 100)
  expect(() => reservation.publish({ text: 'x'.repeat(200) })).toThrow(RangeError)
  expect(existsSync(path)).toBe(false)
  const trimmed = reservation.publish({ text: 'x'.repeat(200), kept: 1 }, (record, bytes) => ({
    ...record,
    text: record.text.slice(0, bytes - 40),
  }))
  expect(trimmed).toBe('published')
  expect(read()).toEqual({ text: 'x'.repeat(60), kept: 1 })
})

test('refuses a record that is too long even when trimmed', () => {
  const reservation = reserve(path, 10)
  expect(() => reservation.publish({ text: 'too long' }, record => record)).toThrow(RangeError)
  reservation.release()
  expect(readdirSync(directory)).toEqual([])
})

test('leaves nothing when it is given back, and cannot be used afterwards', () => {
  const held = () => readdirSync('/proc/self/fd').length
  const before = held()
  const reservation = reserve(path, 4096)
  reservation.release()
  reservation.release()
  expect(readdirSync(directory)).toEqual([])
  expect(held()).toBe(before)
  expect(() => reservation.publish({ a: 1 })).toThrow(/is over/)
  expect(existsSync(path)).toBe(false)
})

test('keeps reservations of several records apart', () => {
  const [one, two] = [reserve(path, 100), reserve(join(directory, 'other.json'), 100)]
  expect([one.publish({ n: 1 }), two.publish({ n: 2 })]).toEqual(['published', 'published'])
  expect([read(), read(join(directory, 'other.json'))]).toEqual([{ n: 1 }, { n: 2 }])
})

const DIES_HOLDING = `
import { reserve } from './framework/store/record.js'
reserve(process.argv[2], 8192)
process.kill(process.pid, 'SIGKILL')`

async function reserverDies(end: string): Promise<void> {
  const bundle = new Bundle(DIES_HOLDING)
  const child = spawn(process.execPath, [bundle.path, end], { stdio: 'inherit' })
  await exited(child)
  bundle.remove()
  expect(child.signalCode).toBe('SIGKILL')
}

const reservedFor = (end: string): string =>
  join(dirname(end), readdirSync(dirname(end)).find(name => name.endsWith('.reserved')) ?? '')

test.skipIf(!isRoot).each([
  { when: 'before it wrote anything', died: () => {} },
  {
    when: 'when it had cut the space to a shorter record',
    died: (end: string) => truncateSync(reservedFor(end), 4),
  },
])('can be taken over from a process that died $when, on a full disk too', async ({ died }) => {
  const disk = new Mount('tmpfs', 'size=256k,nr_inodes=64')
  try {
    const end = join(disk.path, 'end.json')
    await reserverDies(end)
    died(end)
    fill(disk.path)
    const adopted = adoptReservation(end)
    expect(adopted?.publish({ stop_cause: 'owner_lost' })).toBe('published')
    expect(read(end)).toEqual({ stop_cause: 'owner_lost' })
    expect(readdirSync(disk.path).filter(name => name.startsWith('.'))).toEqual([])
  } finally {
    disk.remove()
  }
})

test('is taken over by one of several', async () => {
  await reserverDies(path)
  const adopted = [adoptReservation(path), adoptReservation(path)]
  expect(adopted.map(one => one === null)).toEqual([false, true])
  expect(adopted[0]?.publish({ by: 'guard' })).toBe('published')
  expect(read()).toEqual({ by: 'guard' })
  expect(readdirSync(directory)).toEqual(['end.json'])
})

test('never touches a record that its dead reserver had published already', async () => {
  await reserverDies(path)
  const reserved = reservedFor(path)
  writeFileSync(reserved, '{"by":"owner"}\n')
  linkSync(reserved, path)
  expect(adoptReservation(path)?.publish({ by: 'guard' })).toBe('exists')
  expect(read()).toEqual({ by: 'owner' })
  expect(readdirSync(directory)).toEqual(['end.json'])
})

test('finds nothing to take over where nothing was reserved', () => {
  expect(adoptReservation(path)).toBeNull()
  publish(path, { a: 1 }, { sync: false })
  expect(adoptReservation(path)).toBeNull()
})
