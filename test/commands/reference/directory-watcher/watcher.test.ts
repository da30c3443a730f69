/** What the watcher tells of each thing that can happen in a directory. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Bench, type WatcherProcess } from './watcher-process.js'

const bench = new Bench()
const at = (...names: string[]) => join(bench.dir, ...names)

/** Waits until everything that happened so far has been told: the change of a file is told last of all. */
async function settled(watcher: WatcherProcess): Promise<void> {
  const from = watcher.lines.length
  const mark = at('.mark')
  if (!existsSync(mark)) {
    writeFileSync(mark, '')
    await watcher.about('create', mark, from)
  }
  appendFileSync(mark, 'x')
  await watcher.about('change', mark, from)
}

function toldOf(watcher: WatcherProcess): string[] {
  return watcher.told(bench.dir).filter(line => !line.endsWith('.mark'))
}

describe('one thing at a time', () => {
  it('tells that it watches first, and what was there before not at all', async () => {
    mkdirSync(at('a/b'), { recursive: true })
    writeFileSync(at('a/f'), 'x')
    const watcher = await bench.watch()
    await settled(watcher)
    expect(watcher.lines[0]).toMatchObject({ event: 'watching', path: bench.dir, directories: 3 })
    expect(toldOf(watcher)).toEqual([])
  })

  it('tells create, change and delete of a file, with its type and a time', async () => {
    const watcher = await bench.watch()
    writeFileSync(at('f'), 'x')
    const created = await watcher.about('create', at('f'))
    appendFileSync(at('f'), 'y')
    await watcher.about('change', at('f'))
    unlinkSync(at('f'))
    const deleted = await watcher.about('delete', at('f'))
    expect(created.type).toBe('file')
    expect(deleted.type).toBe('file')
    expect(new Date(created.at).toISOString()).toBe(created.at)
    expect(toldOf(watcher)).toEqual(['create f', 'change f', 'delete f'])
  })

  it('tells a rename within one directory, and between directories, as one line', async () => {
    mkdirSync(at('d'))
    writeFileSync(at('f'), 'x')
    const watcher = await bench.watch()
    renameSync(at('f'), at('g'))
    await watcher.about('rename', at('g'))
    renameSync(at('g'), at('d/h'))
    const line = await watcher.about('rename', at('d/h'))
    await settled(watcher)
    expect(line).toMatchObject({ from: at('g'), type: 'file' })
    expect(toldOf(watcher)).toEqual(['rename f -> g', 'rename g -> d/h'])
  })

  it('tells a rename of a directory as one line, and goes on watching below it under the new name', async () => {
    mkdirSync(at('d/e'), { recursive: true })
    writeFileSync(at('d/e/f'), 'x')
    const watcher = await bench.watch()
    renameSync(at('d'), at('n'))
    await watcher.about('rename', at('n'))
    appendFileSync(at('n/e/f'), 'y')
    await watcher.about('change', at('n/e/f'))
    writeFileSync(at('n/e/g'), '')
    await watcher.about('create', at('n/e/g'))
    expect(toldOf(watcher)).toEqual(['rename d -> n', 'change n/e/f', 'create n/e/g'])
  })

  it('tells a rename into a directory that is as new as the rename', async () => {
    mkdirSync(at('d'))
    writeFileSync(at('d/f'), 'x')
    const watcher = await bench.watch()
    mkdirSync(at('n'))
    renameSync(at('d'), at('n/d'))
    await watcher.about('rename', at('n/d'))
    await settled(watcher)
    expect(toldOf(watcher)).toEqual(['create n', 'rename d -> n/d'])
  })

  it('tells a rename onto a file as one line', async () => {
    writeFileSync(at('f'), 'old')
    writeFileSync(at('f.new'), 'new')
    const watcher = await bench.watch()
    renameSync(at('f.new'), at('f'))
    await watcher.about('rename', at('f'))
    await settled(watcher)
    expect(toldOf(watcher)).toEqual(['rename f.new -> f'])
  })

  it('tells a file that was replaced by one from outside as deleted and created', async () => {
    writeFileSync(at('f'), 'old')
    writeFileSync(join(bench.outside, 'f'), 'new')
    const watcher = await bench.watch()
    renameSync(join(bench.outside, 'f'), at('f'))
    await watcher.about('create', at('f'))
    await settled(watcher)
    expect(toldOf(watcher)).toEqual(['delete f', 'create f'])
  })

  it('takes a new file with the inode number of a deleted one for a new file', async () => {
    const watcher = await bench.watch()
    for (let i = 0; i < 20; i++) {
      writeFileSync(at(`old${i}`), 'x')
      await watcher.about('create', at(`old${i}`))
      unlinkSync(at(`old${i}`))
      writeFileSync(at(`new${i}`), 'x')
      await watcher.about('create', at(`new${i}`))
    }
    expect(watcher.lines.filter(({ event }) => event === 'rename')).toEqual([])
  })

  it('tells a second link to a file as created, and the first one as deleted when it goes', async () => {
    writeFileSync(at('f'), 'x')
    const watcher = await bench.watch()
    linkSync(at('f'), at('g'))
    await watcher.about('create', at('g'))
    unlinkSync(at('f'))
    await watcher.about('delete', at('f'))
    await settled(watcher)
    expect(toldOf(watcher)).toEqual(['create g', 'delete f'])
  })

  it('tells changed permissions of a file and of a directory as a change', async () => {
    mkdirSync(at('d'))
    writeFileSync(at('f'), 'x')
    const watcher = await bench.watch()
    chmodSync(at('f'), 0o600)
    await watcher.about('change', at('f'))
    chmodSync(at('d'), 0o700)
    await watcher.about('change', at('d'))
    await settled(watcher)
    expect(toldOf(watcher)).toEqual(['change f', 'change d'])
  })
})

describe('directories', () => {
  it('tells all that was made in a new directory before anyone could watch it', async () => {
    const watcher = await bench.watch()
    mkdirSync(at('a/b/c'), { recursive: true })
    writeFileSync(at('a/b/c/f'), 'x')
    await watcher.about('create', at('a/b/c/f'))
    await settled(watcher)
    expect(toldOf(watcher)).toEqual(['create a', 'create a/b', 'create a/b/c', 'create a/b/c/f'])
  })

  it('tells a directory that was moved in with its contents, and watches it', async () => {
    mkdirSync(join(bench.outside, 'd/e'), { recursive: true })
    writeFileSync(join(bench.outside, 'd/e/f'), 'x')
    const watcher = await bench.watch()
    renameSync(join(bench.outside, 'd'), at('d'))
    await watcher.about('create', at('d/e/f'))
    writeFileSync(at('d/e/g'), 'x')
    await watcher.about('create', at('d/e/g'))
    expect(toldOf(watcher)).toEqual(['create d', 'create d/e', 'create d/e/f', 'create d/e/g'])
  })

  it('tells a directory that was moved out as deleted with its contents, and hears it no more', async () => {
    mkdirSync(at('d/e'), { recursive: true })
    writeFileSync(at('d/e/f'), 'x')
    const watcher = await bench.watch()
    renameSync(at('d'), join(bench.outside, 'd'))
    await watcher.about('delete', at('d'))
    writeFileSync(join(bench.outside, 'd/e/g'), 'x')
    await settled(watcher)
    expect(toldOf(watcher)).toEqual(['delete d/e/f', 'delete d/e', 'delete d'])
  })

  it('tells a removed directory from the inside out', async () => {
    mkdirSync(at('d/e'), { recursive: true })
    writeFileSync(at('d/e/f'), 'x')
    const watcher = await bench.watch()
    rmSync(at('d'), { recursive: true })
    await watcher.about('delete', at('d'))
    expect(toldOf(watcher)).toEqual(['delete d/e/f', 'delete d/e', 'delete d'])
  })

  it('tells a swap of two names in lines that can be replayed', async () => {
    mkdirSync(at('a'))
    writeFileSync(at('a/f'), 'x')
    mkdirSync(at('b'))
    const watcher = await bench.watch()
    watcher.child.kill('SIGSTOP')
    renameSync(at('a'), join(bench.outside, 'a'))
    renameSync(at('b'), at('a'))
    renameSync(join(bench.outside, 'a'), at('b'))
    watcher.child.kill('SIGCONT')
    await watcher.line('rename', () => true)
    await settled(watcher)
    // Which of the two is told as the rename does not matter.
    const one = ['delete b', 'rename a -> b', 'create a']
    const other = ['delete a/f', 'delete a', 'rename b -> a', 'create b', 'create b/f']
    expect([one, other]).toContainEqual(toldOf(watcher))
  })

  it('tells a directory that was put into a new one of its own name', async () => {
    mkdirSync(at('d'))
    writeFileSync(at('d/f'), 'x')
    const watcher = await bench.watch()
    watcher.child.kill('SIGSTOP')
    renameSync(at('d'), join(bench.outside, 'd'))
    mkdirSync(at('d'))
    renameSync(join(bench.outside, 'd'), at('d/d'))
    watcher.child.kill('SIGCONT')
    await watcher.about('create', at('d/d/f'))
    writeFileSync(at('d/d/g'), 'x')
    await watcher.about('create', at('d/d/g'))
    const told = ['delete d/f', 'delete d', 'create d', 'create d/d', 'create d/d/f', 'create d/d/g']
    expect(toldOf(watcher)).toEqual(told)
  })

  it('reports a symbolic link and never follows it, though it leads to a directory', async () => {
    const watcher = await bench.watch()
    symlinkSync(bench.outside, at('link'))
    const line = await watcher.about('create', at('link'))
    writeFileSync(join(bench.outside, 'f'), 'x')
    await settled(watcher)
    expect(line.type).toBe('symlink')
    expect(toldOf(watcher)).toEqual(['create link'])
  })
})

describe('bursts', () => {
  it('tells a burst of writes to one file as one change', async () => {
    writeFileSync(at('f'), 'x')
    const watcher = await bench.watch()
    watcher.child.kill('SIGSTOP')
    for (let i = 0; i < 200; i++) {
      appendFileSync(at('f'), 'y')
      writeFileSync(at('other'), `${i}`)
    }
    watcher.child.kill('SIGCONT')
    await watcher.about('change', at('f'))
    await settled(watcher)
    expect(toldOf(watcher).filter(line => line === 'change f')).toHaveLength(1)
  })

  it('tells a file that was written while it was made as created, once', async () => {
    const watcher = await bench.watch()
    watcher.child.kill('SIGSTOP')
    for (let i = 0; i < 100; i++) writeFileSync(at(`f${i}`), 'x')
    watcher.child.kill('SIGCONT')
    await watcher.about('create', at('f99'))
    await settled(watcher)
    expect(toldOf(watcher).sort()).toEqual(Array.from({ length: 100 }, (_, i) => `create f${i}`).sort())
  })

  it('keeps the order of the events of one path: changed, renamed, deleted', async () => {
    writeFileSync(at('f'), 'x')
    const watcher = await bench.watch()
    appendFileSync(at('f'), 'y')
    renameSync(at('f'), at('g'))
    await watcher.about('rename', at('g'))
    appendFileSync(at('g'), 'z')
    await watcher.about('change', at('g'))
    unlinkSync(at('g'))
    await watcher.about('delete', at('g'))
    expect(toldOf(watcher)).toEqual(['change f', 'rename f -> g', 'change g', 'delete g'])
  })
})
