/** The kernel's limits on watches, reached for real: in a user namespace of its own, so that nobody else is affected. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { failureOf } from '../../../../commands/reference/directory-watcher/failure.js'
import { Replay } from './replay.js'
import { Bench } from './watcher-process.js'

const bench = new Bench()
const at = (...names: string[]) => join(bench.dir, ...names)

/** Runs a program in a new user namespace (user_namespaces(7)) whose users have the given inotify limits. */
function limited(limits: { watches?: number; instances?: number }): string[] {
  const set = Object.entries(limits).map(
    ([name, limit]) => `echo ${limit} > /proc/sys/user/max_inotify_${name}`,
  )
  return ['unshare', '--user', '--map-root-user', 'sh', '-c', `${set.join(' && ')} && exec "$@"`, 'sh']
}

function canLimit(): boolean {
  const [file = '', ...args] = limited({ watches: 1 })
  return spawnSync(file, [...args, 'true']).status === 0
}

describe.skipIf(!canLimit())('limits of the kernel (needs user namespaces)', () => {
  it('a start that gets too few watches fails, and names the limit and how to raise it', async () => {
    for (let i = 0; i < 10; i++) mkdirSync(at(`${i}`))
    const program = bench.start(bench.dir, {}, limited({ watches: 5 }))
    expect(await program.ended()).toEqual({ code: 75, signal: null })
    expect(program.lines).toHaveLength(1)
    const line = program.lines[0]
    expect(line).toMatchObject({ event: 'failed', code: 'WATCH_LIMIT' })
    expect(line?.message).toContain('/proc/sys/fs/inotify/max_user_watches')
    expect(line?.fix).toContain('sysctl fs.inotify.max_user_watches=')
  })

  it('a start that gets no inotify instance fails likewise', async () => {
    const program = bench.start(bench.dir, {}, limited({ instances: 0 }))
    expect(await program.ended()).toEqual({ code: 75, signal: null })
    const line = program.lines[0]
    expect(line).toMatchObject({ event: 'failed', code: 'WATCH_LIMIT' })
    expect(line?.message).toContain('max_user_instances')
    expect(line?.message).toContain('/proc/sys/fs/inotify/')
    expect(line?.fix).toContain('sysctl fs.inotify.max_user_instances=')
  })

  it('a limit reached later is told once; directories without a watch are looked at instead', async () => {
    const program = await bench.watch(bench.dir, {}, limited({ watches: 3 }))
    const replay = new Replay(bench.dir)
    for (let i = 0; i < 6; i++) {
      mkdirSync(at(`${i}`))
      await program.about('create', at(`${i}`))
    }
    const degraded = await program.line('degraded', () => true)
    expect(degraded).toMatchObject({ code: 'WATCH_LIMIT', path: at('2') })
    expect(degraded.fix).toContain('max_user_watches')
    // Nothing is lost in those without a watch, only late.
    mkdirSync(at('5/deep'))
    writeFileSync(at('5/deep/f'), 'x')
    await program.about('create', at('5/deep/f'))
    appendFileSync(at('5/deep/f'), 'y')
    await program.about('change', at('5/deep/f'))
    renameSync(at('5/deep'), at('4/moved'))
    const told = () => {
      replay.read(program.lines)
      return replay.differences().length === 0
    }
    await program.until('the move to be told', told)
    expect(replay.objections).toEqual([])
    expect(program.lines.filter(({ event }) => event === 'degraded')).toHaveLength(1)
    // Watches come back as soon as others are given up.
    for (const name of ['0', '1', '2', '3']) rmSync(at(name), { recursive: true })
    rmSync(at('4/moved'), { recursive: true })
    await program.line('recovered', () => true)
    writeFileSync(at('5/g'), '')
    await program.about('create', at('5/g'))
    await program.until('the end to be told', told)
    expect(await program.stop()).toEqual({ code: 0, signal: null })
  })
})

describe('the failure for a system error', () => {
  it.each([
    ['ENOENT', 'NOT_FOUND'],
    ['ENOTDIR', 'NOT_A_DIRECTORY'],
    ['EACCES', 'NOT_READABLE'],
    ['ENOSPC', 'WATCH_LIMIT'],
    ['EMFILE', 'WATCH_LIMIT'],
    ['ENFILE', 'TOO_MANY_OPEN_FILES'],
    ['EIO', 'CANNOT_WATCH'],
    [null, 'CANNOT_WATCH'],
  ])('%s is %s, with what to do about it', (errno, code) => {
    const failure = failureOf(errno, '/some/where')
    expect(failure.code).toBe(code)
    expect(failure.path).toBe('/some/where')
    expect(failure.fix).not.toBe('')
    if (code === 'CANNOT_WATCH') expect(failure.message).toContain(errno ?? 'unknown')
  })
})
