/** How the program starts, fails and ends, seen from outside. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FAILURE_EXIT_CODES } from '../../../../commands/reference/directory-watcher/exit-codes.js'
import { Bench } from './watcher-process.js'

const bench = new Bench()
const at = (...names: string[]) => join(bench.dir, ...names)

/** For the tests of permissions: root may read everything, so the program runs as nobody. */
const NOBODY = {
  ...(process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}),
  // Where nobody may not read the system's OpenSSL configuration, Node does not even start.
  env: { ...process.env, OPENSSL_CONF: '/dev/null' },
}

describe('a start that fails', () => {
  it.each([
    ['does not exist', (): string => at('absent'), 'NOT_FOUND', 66],
    ['is a file', (): string => at('file'), 'NOT_A_DIRECTORY', 67],
    ['lies below a file', (): string => at('file/dir'), 'NOT_A_DIRECTORY', 67],
    ['is relative', (): string => 'relative', 'USAGE', 64],
  ] as const)(
    'says in one line that the directory %s, and exits with its code',
    async (_, path, code, exit) => {
      writeFileSync(at('file'), '')
      const program = bench.start(path())
      expect(await program.ended()).toEqual({ code: exit, signal: null })
      expect(FAILURE_EXIT_CODES[code]).toBe(exit)
      expect(program.lines).toHaveLength(1)
      expect(program.lines[0]).toMatchObject({ event: 'failed', code, path: path() })
      expect(program.lines[0]?.message).toBeTruthy()
      expect(program.lines[0]?.fix).toBeTruthy()
    },
  )

  it('says that the directory may not be read', async () => {
    chmodSync(bench.dir, 0o000)
    const program = bench.start(bench.dir, NOBODY)
    expect(await program.ended()).toEqual({ code: 77, signal: null })
    expect(program.lines[0]).toMatchObject({ event: 'failed', code: 'NOT_READABLE' })
  })
})

describe('an end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'comes with %s: the last line says stopped, the code is 0',
    async signal => {
      const program = await bench.watch()
      expect(await program.stop(signal)).toEqual({ code: 0, signal: null })
      expect(program.lines.at(-1)).toMatchObject({ event: 'ended', reason: 'stopped' })
      expect(program.stderr).toBe('')
    },
  )

  it('tells what happened just before the stop', async () => {
    const program = await bench.watch()
    writeFileSync(at('last'), '')
    await program.stop()
    expect(program.told(bench.dir)).toEqual(['create last'])
  })

  it('comes promptly in the middle of the first scan of a large tree', async () => {
    for (let d = 0; d < 100; d++) {
      mkdirSync(at(`${d}`))
      for (let f = 0; f < 100; f++) writeFileSync(at(`${d}`, `${f}`), '')
    }
    const program = bench.start()
    await program.until('the first watch', () => program.hasWatches())
    expect(await program.stop()).toEqual({ code: 0, signal: null })
    expect(program.lines.at(-1)).toMatchObject({ event: 'ended', reason: 'stopped' })
  })

  it('comes when the directory is removed, after the deletion of all that was in it', async () => {
    mkdirSync(at('d'))
    writeFileSync(at('d/f'), '')
    const program = await bench.watch()
    rmSync(bench.dir, { recursive: true })
    expect(await program.ended()).toEqual({ code: 0, signal: null })
    expect(program.told(bench.dir)).toEqual(['delete d/f', 'delete d'])
    expect(program.lines.at(-1)).toMatchObject({ event: 'ended', reason: 'directory_removed' })
  })

  it('comes when an empty directory is removed that another process still stands in', async () => {
    const stander = spawn('sleep', ['60'], { cwd: bench.dir, stdio: 'ignore' })
    try {
      const program = await bench.watch()
      rmdirSync(bench.dir)
      expect(await program.ended()).toEqual({ code: 0, signal: null })
      expect(program.lines.at(-1)).toMatchObject({ event: 'ended', reason: 'directory_removed' })
    } finally {
      stander.kill()
      await once(stander, 'exit')
    }
  })

  it('comes when the directory is moved, and tells no deletion: nothing was deleted', async () => {
    writeFileSync(at('f'), '')
    const program = await bench.watch()
    renameSync(bench.dir, join(bench.outside, 'moved'))
    expect(await program.ended()).toEqual({ code: 0, signal: null })
    expect(program.lines).toHaveLength(2)
    expect(program.lines.at(-1)).toMatchObject({ event: 'ended', reason: 'directory_moved' })
  })

  it('comes when a directory above the watched one is moved', async () => {
    mkdirSync(at('above/watched'), { recursive: true })
    writeFileSync(at('above/watched/f'), '')
    const program = await bench.watch(at('above/watched'))
    renameSync(at('above'), at('elsewhere'))
    expect(await program.ended()).toEqual({ code: 0, signal: null })
    expect(program.lines.at(-1)).toMatchObject({ event: 'ended', reason: 'directory_moved' })
  })

  it('is for the directory itself, not for an entry of the same name', async () => {
    const name = bench.dir.slice(dirname(bench.dir).length + 1)
    mkdirSync(at(name))
    const program = await bench.watch()
    rmdirSync(at(name))
    await program.about('delete', at(name))
    writeFileSync(at('f'), '')
    await program.about('create', at('f'))
    expect(await program.stop()).toEqual({ code: 0, signal: null })
  })
})

describe('the watched directory', () => {
  it('may be named by a symbolic link: paths are told as they were asked for', async () => {
    const link = join(bench.outside, 'link')
    symlinkSync(bench.dir, link)
    const program = await bench.watch(link)
    writeFileSync(at('f'), '')
    expect((await program.about('create', join(link, 'f'))).type).toBe('file')
  })

  it('may be named with slashes at its end', async () => {
    const program = await bench.watch(`${bench.dir}//`)
    writeFileSync(at('f'), '')
    await program.about('create', at('f'))
    expect(program.lines[0]?.path).toBe(bench.dir)
  })

  it('may hold a directory that cannot be read: told once, and told on as soon as it can', async () => {
    mkdirSync(at('closed'))
    mkdirSync(at('open'))
    writeFileSync(at('closed/f'), '')
    chmodSync(at('closed'), 0o000)
    chmodSync(at('open'), 0o755)
    chmodSync(bench.dir, 0o755)
    const program = await bench.watch(bench.dir, NOBODY)
    await program.about('unreadable', at('closed'))
    writeFileSync(at('open/g'), '')
    await program.about('create', at('open/g'))
    chmodSync(at('closed'), 0o755)
    await program.about('create', at('closed/f'))
    writeFileSync(at('closed/h'), '')
    await program.about('create', at('closed/h'))
    expect(program.lines.filter(({ event }) => event === 'unreadable')).toHaveLength(1)
    expect(await program.stop()).toEqual({ code: 0, signal: null })
  })
})
