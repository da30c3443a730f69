import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { buildSync } from 'esbuild'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { removeTree } from '../../../framework/invocation/remove-tree.js'
import { staleTempDirs, TempDir, TempDirUnavailable } from '../../../framework/invocation/temp-dir.js'

let place = ''

beforeEach(() => {
  const before = process.env['TMPDIR']
  place = mkdtempSync(join(tmpdir(), 'chaperone-temp-dir-'))
  process.env['TMPDIR'] = place
  onTestFinished(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    rmSync(place, { recursive: true, force: true })
  })
})

test('it is made when first asked for, once, and gone when removed, also twice', async () => {
  const temp = new TempDir('tool', 'request')
  expect(temp.path).toBe(null)
  const path = temp.make()
  expect(existsSync(path)).toBe(true)
  expect(temp.make()).toBe(path)
  expect(temp.path).toBe(path)
  expect(await temp.remove(true)).toBe(null)
  expect(await temp.remove(true)).toBe(null)
  expect(existsSync(path)).toBe(false)
})

test('there is no new one once it was removed', async () => {
  for (const used of [true, false]) {
    const temp = new TempDir('tool', 'request')
    if (used) temp.make()
    await temp.remove(true)
    expect(() => temp.make()).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ code: 'CALL_ENDING' }) }),
    )
  }
})

test('two of one request in one process are two', () => {
  const one = new TempDir('tool', 'request').make()
  const two = new TempDir('tool', 'request').make()
  expect(one).not.toBe(two)
})

test('its path leaves room for a socket in it', () => {
  const path = new TempDir('tool', '00000000-0000-4000-8000-000000000000').make()
  expect(basename(path).length).toBeLessThan(80)
})

test('one of a process that is gone is stale; of a live process, of another place, and what is no directory of ours are not', async () => {
  const temp = new TempDir('tool', 'request')
  const base = join(temp.make(), '..')
  const parts = basename(temp.make()).split('.')
  const named = (changes: Readonly<Record<number, string>>) => {
    const path = join(base, parts.map((part, at) => changes[at] ?? part).join('.'))
    mkdirSync(path, { recursive: true })
    return path
  }
  const { pid: ended } = spawnSync('true')
  const gone = named({ 2: String(ended) })
  const reused = named({ 3: '1' })
  const rebooted = named({ 5: 'another' })
  named({ 4: 'another' })
  named({ 4: 'another', 5: 'another' })
  mkdirSync(join(base, 'lost+found'))
  writeFileSync(join(base, 'file'), '')
  expect(staleTempDirs('tool').sort()).toEqual([gone, reused, rebooted].sort())
  expect(staleTempDirs('another-tool')).toEqual([])

  const next = new TempDir('tool', 'next')
  next.make()
  await next.remove(true)
  expect([gone, reused, rebooted].filter(existsSync)).toEqual([])
  expect(existsSync(temp.make())).toBe(true)
})

test('a place that is not there, or not ours alone, is refused and left as it is', () => {
  process.env['TMPDIR'] = join(place, 'missing')
  expect(() => new TempDir('tool', 'request').make()).toThrow(TempDirUnavailable)
  expect(existsSync(join(place, 'missing'))).toBe(false)

  process.env['TMPDIR'] = place
  const elsewhere = mkdtempSync(join(place, 'elsewhere-'))
  symlinkSync(elsewhere, join(place, `tool-${process.getuid?.() ?? 0}`))
  expect(() => new TempDir('tool', 'request').make()).toThrow(TempDirUnavailable)
  expect(staleTempDirs('tool')).toEqual([])
})

test('a tree is removed although programs took the right to write from its directories, and nothing that it links to', () => {
  // The superuser may do everything, so this takes somebody else.
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  chmodSync(place, 0o777)
  const bundle = join(place, 'remove-tree.mjs')
  buildSync({
    entryPoints: ['framework/invocation/remove-tree.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundle,
  })
  const script = `
    mkdir -p kept tree/a/b/c && echo mine > kept/file && chmod 0500 kept
    ln -s ../kept tree/link && ln -s ../../kept tree/a/link
    touch tree/a/b/c/file && chmod 0500 tree/a/b/c && chmod 0 tree/a/b && chmod 0500 tree/a tree
    rm -rf tree 2>/dev/null && echo too easy
    exec "$0" --input-type=module -e 'import { removeTree } from "${bundle}"; console.log(await removeTree("tree"))'`
  const { stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath], {
    ...user,
    cwd: place,
    // The system's own may not be for everybody to read.
    env: { ...process.env, OPENSSL_CONF: '/dev/null' },
    encoding: 'utf8',
  })
  expect(stdout, stderr).toBe('null\n')
  expect(existsSync(join(place, 'tree'))).toBe(false)
  expect(readFileSync(join(place, 'kept/file'), 'utf8')).toBe('mine\n')
  expect(statSync(join(place, 'kept')).mode & 0o777).toBe(0o500)
})

test('a tree that is not there is removed already', async () => {
  expect(await removeTree(join(place, 'nothing'))).toBe(null)
})
