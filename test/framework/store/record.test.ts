import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { HardLinksUnsupported, publish } from '../../../framework/store/record.js'
import { createPrivateFile, linkOnce } from '../../../framework/store/temporary.js'
import { Bundle } from '../process/elsewhere.js'
import { canUnshare, exited, isRoot, Mount, waitFor } from '../process/witness.js'
import { directory } from './directory.js'

let path: string
beforeEach(() => {
  path = join(directory, 'owner.json')
})

const read = (file = path): unknown => JSON.parse(readFileSync(file, 'utf8'))

test.each([true, false])('publishes a record whole and leaves nothing beside it (sync: %s)', sync => {
  expect(publish(path, { a: 'ü', b: [1, null] }, { sync })).toBe('published')
  expect(readFileSync(path, 'utf8')).toBe('{"a":"ü","b":[1,null]}\n')
  expect(readdirSync(directory)).toEqual(['owner.json'])
  expect(statSync(path).nlink).toBe(1)
})

test('lets the first writer win and changes nothing afterwards', () => {
  publish(path, { writer: 1 }, { sync: false })
  const before = statSync(path)
  expect(publish(path, { writer: 2 }, { sync: true })).toBe('exists')
  expect(read()).toEqual({ writer: 1 })
  expect(statSync(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
  expect(readdirSync(directory)).toEqual(['owner.json'])
})

test.each(['a symlink', 'a dangling symlink', 'a directory', 'an empty file'])(
  'neither follows nor replaces %s that has the name',
  kind => {
    const victim = join(directory, 'victim')
    writeFileSync(victim, 'precious')
    if (kind === 'a symlink') symlinkSync(victim, path)
    if (kind === 'a dangling symlink') symlinkSync(join(directory, 'nowhere'), path)
    if (kind === 'a directory') mkdirSync(path)
    if (kind === 'an empty file') writeFileSync(path, '')
    expect(publish(path, { a: 1 }, { sync: true })).toBe('exists')
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(readdirSync(directory).sort()).toEqual(['owner.json', 'victim'])
  },
)

test('is private whatever the umask', () => {
  for (const umask of [0, 0o777]) {
    rmSync(path, { force: true })
    const before = process.umask(umask)
    try {
      publish(path, { a: 1 }, { sync: false })
    } finally {
      process.umask(before)
    }
    expect(statSync(path).mode & 0o7777).toBe(0o600)
  }
})

test('has one winner among many processes, and a reader never sees half of a record', async () => {
  const filler = 'x'.repeat(200_000)
  const bundle = new Bundle(`
import { existsSync } from 'node:fs'
import { publish } from './framework/store/record.js'
const [path, writer] = process.argv.slice(2)
const filler = 'x'.repeat(200_000)
while (!existsSync(path + '.go')) {}
console.log(publish(path, { writer, filler }, { sync: false }))`)
  try {
    const writers = Array.from({ length: 6 }, (_, index) => {
      const child = spawn(process.execPath, [bundle.path, path, `${index}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let out = ''
      child.stdout.on('data', chunk => {
        out += chunk
      })
      return { child, outcome: () => out.trim() }
    })
    writeFileSync(`${path}.go`, '')
    const first = await waitFor(
      'a record',
      () => existsSync(path) && (read() as { writer: string; filler: string }),
    )
    expect(first.filler).toBe(filler)
    await Promise.all(writers.map(({ child }) => exited(child)))
    const outcomes = writers.map(({ outcome }) => outcome())
    expect(outcomes.filter(outcome => outcome === 'published')).toHaveLength(1)
    expect(outcomes.filter(outcome => outcome === 'exists')).toHaveLength(5)
    expect(outcomes[Number(first.writer)]).toBe('published')
    expect(read()).toEqual(first)
    expect(readdirSync(directory).sort()).toEqual(['owner.json', 'owner.json.go'])
  } finally {
    bundle.remove()
  }
})

test('leaves nothing where the record cannot be written down', () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  expect(() => publish(path, circle, { sync: false })).toThrow(TypeError)
  expect(() => publish(join(directory, 'missing', 'x.json'), {}, { sync: false })).toThrow(/ENOENT/)
  expect(readdirSync(directory)).toEqual([])
})

test.skipIf(!isRoot)('publishes nothing on a full disk: neither half a record nor an empty one', () => {
  const disk = new Mount('tmpfs', 'size=64k')
  try {
    const record = join(disk.path, 'intent.json')
    const ballast = join(disk.path, 'ballast')
    // Half of it fits: the write is short before it fails.
    writeFileSync(ballast, Buffer.alloc(40 * 1024))
    expect(() => publish(record, { filler: 'x'.repeat(40 * 1024) }, { sync: true })).toThrow(/ENOSPC/)
    expect(readdirSync(disk.path)).toEqual(['ballast'])
    expect(() => writeFileSync(ballast, Buffer.alloc(1 << 20))).toThrow(/ENOSPC/)
    expect(() => publish(record, { a: 1 }, { sync: false })).toThrow(/ENOSPC/)
    expect(readdirSync(disk.path)).toEqual(['ballast'])
    rmSync(ballast)
    expect(publish(record, { a: 1 }, { sync: true })).toBe('published')
  } finally {
    disk.remove()
  }
})

test.skipIf(!isRoot)('publishes nothing where the directory takes no more names', () => {
  const disk = new Mount('tmpfs', 'nr_inodes=3')
  try {
    // One for the directory, one for the temporary, one for its second name.
    expect(publish(join(disk.path, 'first.json'), { a: 1 }, { sync: true })).toBe('published')
    writeFileSync(join(disk.path, 'ballast'), '')
    expect(() => publish(join(disk.path, 'second.json'), { a: 1 }, { sync: true })).toThrow(/ENOSPC/)
    expect(readdirSync(disk.path).sort()).toEqual(['ballast', 'first.json'])
  } finally {
    disk.remove()
  }
})

test.skipIf(!isRoot)('publishes nothing on a read-only disk', () => {
  const disk = new Mount('tmpfs', 'size=64k')
  try {
    disk.remount('ro')
    expect(() => publish(join(disk.path, 'a.json'), { a: 1 }, { sync: true })).toThrow(/EROFS/)
  } finally {
    disk.remove()
  }
})

test.skipIf(!canUnshare)('says so where the file system has no hard links', () => {
  // mqueue_overview(7): files can be made on it, but not linked.
  const queues = new Mount('mqueue', 'nosuid')
  try {
    const temporary = join(queues.path, `temporary-${process.pid}`)
    const fd = createPrivateFile(temporary)
    try {
      const target = join(queues.path, 'end.json')
      expect(() => linkOnce(temporary, target)).toThrow(HardLinksUnsupported)
      expect(() => linkOnce(temporary, target)).toThrow(/without hard links \(EPERM\)/)
      expect(existsSync(target)).toBe(false)
    } finally {
      execFileSync('rm', [temporary, '-f'])
      expect(fd).toBeGreaterThan(2)
    }
  } finally {
    queues.remove()
  }
})

test('recognises its own link where a network file system repeated the call', () => {
  const temporary = join(directory, 'temporary')
  writeFileSync(temporary, '{}')
  linkSync(temporary, path)
  expect(linkOnce(temporary, path)).toBe('published')
  expect(linkOnce(temporary, path, 2)).toBe('exists')
})

test('keeps nothing open', () => {
  const held = () => readdirSync('/proc/self/fd').length
  const before = held()
  for (let round = 0; round < 50; round++) {
    publish(join(directory, `${round}.json`), { round }, { sync: round % 10 === 0 })
    publish(path, { round }, { sync: false })
  }
  expect(held()).toBe(before)
})
