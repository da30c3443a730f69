import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { identityOf, type ProcessIdentity } from '../../../framework/process/identity.js'
import { openJournal } from '../../../framework/process/journal.js'
import { stage } from './stage.js'
import { isRoot, Mount } from './witness.js'

let path: string
beforeEach(() => {
  path = stage.path('seen.log')
})

const seen = (pid: number, start_time = 1): ProcessIdentity => identityOf({ pid, start_time })

test('gives back what was added, by whoever opens it next', () => {
  const journal = openJournal(path)
  journal.add(seen(10))
  journal.add(seen(11), seen(12))
  expect(openJournal(path).read()).toEqual([seen(10), seen(11), seen(12)])
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(4)
  expect(journal.fault).toBeNull()
})

test('names each process once, and tells those apart that had one pid after the other', () => {
  const journal = openJournal(path)
  journal.add(seen(10, 1), seen(10, 2), seen(10, 1))
  expect(journal.read()).toEqual([seen(10, 1), seen(10, 2)])
})

test('loses a torn last line alone, and the next line not at all', () => {
  openJournal(path).add(seen(10))
  const half = JSON.stringify(seen(11)).slice(0, 60)
  appendFileSync(path, half)
  expect(openJournal(path).read()).toEqual([seen(10)])
  openJournal(path).add(seen(12))
  expect(openJournal(path).read()).toEqual([seen(10), seen(12)])
})

test.each([
  ['noise', 'not json'],
  ['zeros of a disk that crashed', '\0'.repeat(100)],
  ['another value', '[]'],
  ['a null', 'null'],
  ['a number', '7'],
  ['an identity without a boot', JSON.stringify({ ...seen(11), boot_id: undefined })],
  ['an identity of nobody', JSON.stringify(seen(0))],
  ['an identity of a group', JSON.stringify(seen(-5))],
  ['an identity with half a pid', JSON.stringify(seen(1.5))],
])('passes over %s', (_, line) => {
  writeFileSync(path, `${JSON.stringify(seen(10))}\n${line}\n${JSON.stringify(seen(12))}\n`)
  expect(openJournal(path).read()).toEqual([seen(10), seen(12)])
})

test('is private whatever the umask', () => {
  for (const umask of [0, 0o777]) {
    rmSync(path, { force: true })
    const before = process.umask(umask)
    try {
      openJournal(path).add(seen(10))
    } finally {
      process.umask(before)
    }
    expect(statSync(path).mode & 0o777).toBe(0o600)
  }
})

test('keeps what it cannot write in memory, says so, and writes it when it can', () => {
  const missing = stage.path('not-yet')
  const journal = openJournal(join(missing, 'seen.log'))
  expect(journal.fault).toBe('ENOENT')
  journal.add(seen(10))
  expect(journal.read()).toEqual([seen(10)])
  execFileSync('mkdir', [missing])
  journal.add(seen(11))
  expect(journal.fault).toBeNull()
  expect(openJournal(join(missing, 'seen.log')).read()).toEqual([seen(10), seen(11)])
})

test('neither follows a symlink nor waits for the writer of a FIFO', () => {
  const victim = stage.path('victim')
  writeFileSync(victim, 'precious')
  symlinkSync(victim, path)
  const linked = openJournal(path)
  linked.add(seen(10))
  expect(linked.fault).toBe('ELOOP')
  expect(linked.read()).toEqual([seen(10)])
  expect(readFileSync(victim, 'utf8')).toBe('precious')
  const fifo = stage.path('fifo')
  execFileSync('mkfifo', [fifo])
  const piped = openJournal(fifo)
  piped.add(seen(11))
  expect(piped.fault).not.toBeNull()
  expect(piped.read()).toEqual([seen(11)])
})

test.skipIf(!isRoot)('survives a full disk: nothing is lost, nothing is torn for the next reader', () => {
  const disk = new Mount('tmpfs', 'size=64k')
  try {
    const journal = openJournal(join(disk.path, 'seen.log'))
    journal.add(seen(10))
    const ballast = join(disk.path, 'ballast')
    expect(() => writeFileSync(ballast, Buffer.alloc(1 << 20))).toThrow(/ENOSPC/)
    const many = Array.from({ length: 200 }, (_, index) => seen(1000 + index))
    for (const identity of many) journal.add(identity)
    expect(journal.fault).toBe('ENOSPC')
    expect(journal.read()).toEqual([seen(10), ...many])
    const readable = openJournal(journal.path).read()
    expect(readable.length).toBeGreaterThanOrEqual(1)
    expect(readable.length).toBeLessThan(201)
    rmSync(ballast)
    journal.add(seen(5000))
    expect(journal.fault).toBeNull()
    expect(openJournal(journal.path).read()).toEqual(expect.arrayContaining([seen(10), ...many, seen(5000)]))
    expect(openJournal(journal.path).read()).toHaveLength(202)
  } finally {
    disk.remove()
  }
})

test('stays short: a long file is replaced by what is still needed', () => {
  const journal = openJournal(path)
  let needless = 0
  for (let pid = 2; pid < 5000; pid++) {
    journal.add(seen(pid))
    journal.compact(() => {
      needless++
      return [seen(2), seen(pid)]
    })
  }
  expect(statSync(path).size).toBeLessThan(300 * 1024)
  expect(needless).toBeGreaterThan(0)
  expect(needless).toBeLessThan(10)
  const left = openJournal(path).read()
  expect(left).toEqual(expect.arrayContaining([seen(2), seen(4999)]))
  expect(left.length).toBeLessThan(2500)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(stage.directory)).toEqual(['seen.log'])
})

test.skipIf(!isRoot)('keeps the long file where there is no room for the short one', () => {
  const disk = new Mount('tmpfs', 'size=640k')
  try {
    const journal = openJournal(join(disk.path, 'seen.log'))
    const many = Array.from({ length: 2000 }, (_, index) => seen(1000 + index))
    journal.add(...many)
    expect(statSync(journal.path).size).toBeGreaterThan(256 * 1024)
    expect(() => writeFileSync(join(disk.path, 'ballast'), Buffer.alloc(1 << 20))).toThrow(/ENOSPC/)
    journal.compact(() => many)
    expect(openJournal(journal.path).read()).toEqual(many)
    expect(readdirSync(disk.path).sort()).toEqual(['ballast', 'seen.log'])
  } finally {
    disk.remove()
  }
})

test('takes the lines of two writers, none mixed with another', async () => {
  const [one, two] = [openJournal(path), openJournal(path)]
  for (let round = 0; round < 200; round++) {
    one.add(seen(1000 + round))
    two.add(seen(2000 + round))
  }
  expect(openJournal(path).read()).toHaveLength(400)
})

test('holds no descriptor', () => {
  const held = () => readdirSync('/proc/self/fd').length
  const before = held()
  const journals = Array.from({ length: 50 }, (_, index) => openJournal(stage.path(`${index}.log`)))
  for (const journal of journals) journal.add(seen(10))
  expect(held()).toBe(before)
  expect(existsSync(stage.path('49.log')) && lstatSync(stage.path('49.log')).isFile()).toBe(true)
})
