/** The call's own temporary directory, seen from outside: whose it is, who may look, when it goes. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { go, log, logged, note, pidIn, probe, tempDirs } from './probe.js'

test('REQ-F-032: parallel calls have directories of their own, named after their request', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const dir = await ctx.temp_dir()
     writeFileSync(join(dir, 'file'), ctx.request_id, { flag: 'wx' })
     note(dir)
     while (!existsSync(join(here, 'end'))) await pause(5)
     return { dir, again: await ctx.temp_dir(), content: readFileSync(join(dir, 'file'), 'utf8') }`,
  )
  const calls = Array.from({ length: 5 }, () => go(sandbox, script))
  await until('all directories', () => log(sandbox).length === 5)
  expect(tempDirs(sandbox).sort()).toEqual(log(sandbox).sort())
  sandbox.file('end', '')
  const envelopes = (await Promise.all(calls.map(({ answer }) => answer))).map(({ envelope }) => envelope)
  expect(new Set(envelopes.map(({ data }) => data.dir)).size).toBe(5)
  for (const { data, meta } of envelopes) {
    expect(data.content).toBe(meta.request_id)
    expect(data.again).toBe(data.dir)
    expect(meta.session_tmp_dir).toBe(data.dir)
    expect(basename(data.dir)).toContain(meta.request_id)
  }
  expect(tempDirs(sandbox)).toEqual([])
})

for (const umask of ['0000', '0777', '0022']) {
  test(`REQ-F-043: the directory has mode 0700 under umask ${umask}, and so has the one that holds it`, async () => {
    const sandbox = Sandbox.create()
    const script = probe(
      sandbox,
      `const { statSync } = await import('node:fs')
       const mode = path => (statSync(path).mode & 0o7777).toString(8)
       const dir = await ctx.temp_dir()
       return { dir: mode(dir), base: mode(join(dir, '..')), umask: process.umask().toString(8) }`,
    )
    const { envelope, stdout } = await sandbox.sh(`umask ${umask}; exec ${process.execPath} ${script} go`)
    expect(envelope.data, stdout).toEqual({
      dir: '700',
      base: '700',
      umask: Number.parseInt(umask, 8).toString(8),
    })
  })
}

for (const [code, end, signal] of [
  [0, 'return {}', null],
  [1, `throw ctx.exit.GENERAL_ERROR('no')`, null],
  [1, `throw new TypeError('a defect')`, null],
  [10, 'await forever()', null],
  [130, 'await forever()', 'SIGINT'],
  [143, 'await forever()', 'SIGTERM'],
  [129, 'await forever()', 'SIGHUP'],
] as const) {
  test(`REQ-F-032, REQ-F-043: the directory is gone after exit ${code}${signal ? ` by ${signal}` : ''} (${end})`, async () => {
    const sandbox = Sandbox.create()
    const script = probe(
      sandbox,
      `const dir = await ctx.temp_dir()
       mkdirSync(join(dir, 'a/b'), { recursive: true, mode: 0o500 })
       writeFileSync(join(dir, 'file'), 'x')
       note(dir)
       while (!existsSync(join(here, 'seen'))) await pause(5)
       ${end}`,
    )
    const { child, answer } = go(sandbox, script, code === 10 ? ['--timeout', '3s'] : [])
    await until('the directory', () => log(sandbox).length === 1)
    expect(tempDirs(sandbox)).toEqual(log(sandbox))
    sandbox.file('seen', '')
    if (signal) child.kill(signal)
    expect((await answer).code).toBe(code)
    expect(tempDirs(sandbox)).toEqual([])
  })
}

test('REQ-F-032: a call that asks for no directory makes none and names none', async () => {
  const sandbox = Sandbox.create()
  const { envelope } = await go(sandbox, probe(sandbox, 'return {}')).answer
  expect(envelope.meta).not.toHaveProperty('session_tmp_dir')
  expect(readdirSync(join(sandbox.path, 'tmp'))).toEqual([])
})

test('REQ-F-043: what a SIGKILLed call left is pruned by the next call that asks for a directory, a live call keeps its own', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `if (ctx.env.NONE) return {}
     const dir = await ctx.temp_dir()
     writeFileSync(join(dir, 'file'), 'x')
     note(ctx.env.NAME + ' ' + dir)
     while (!existsSync(join(here, 'end ' + ctx.env.NAME))) await pause(5)
     return { there: existsSync(join(dir, 'file')) }`,
  )
  const call = (env: Record<string, string>, started?: (pid: number) => void) =>
    sandbox.call(['go'], { script, env, started: child => started?.(child.pid ?? 0) })
  const dirOf = async (name: string): Promise<string> => {
    const line = await until(name, () => log(sandbox).find(entry => entry.startsWith(`${name} `)))
    return line.slice(name.length + 1)
  }
  let dead_pid = 0
  const dead = call({ NAME: 'dead' }, pid => {
    dead_pid = pid
  })
  const live = call({ NAME: 'live' })
  const stale = await dirOf('dead')
  const kept = await dirOf('live')
  process.kill(dead_pid, 'SIGKILL')
  await dead
  expect(existsSync(stale)).toBe(true)

  await call({ NONE: '1' })
  expect(existsSync(stale)).toBe(true)
  sandbox.file('end next', '')
  await call({ NAME: 'next' })
  expect(existsSync(stale)).toBe(false)
  expect(existsSync(join(kept, 'file'))).toBe(true)
  sandbox.file('end live', '')
  expect((await live).envelope.data).toEqual({ there: true })
  expect(tempDirs(sandbox)).toEqual([])
})

test('directories of other hosts and PID namespaces in a shared TMPDIR are left alone', async () => {
  const sandbox = Sandbox.create()
  const script = probe(sandbox, `return { dir: await ctx.temp_dir() }`)
  const { data } = (await go(sandbox, script).answer).envelope
  const base = join(data.dir, '..')
  // Its own name, as it would read elsewhere: the same pid, another place. And things that are none of ours.
  const parts = basename(data.dir).split('.')
  const elsewhere = join(base, [...parts.slice(0, -2), 'elsewhere', parts.at(-1)].join('.'))
  const earlier = join(base, [...parts.slice(0, -1), 'earlierboot'].join('.'))
  for (const path of [elsewhere, earlier, join(base, 'something'), join(base, '1.2.3')]) mkdirSync(path)
  const { code } = await go(sandbox, script).answer
  expect(code).toBe(0)
  expect(readdirSync(base).sort()).toEqual([basename(elsewhere), 'something', '1.2.3'].sort())
  expect(existsSync(earlier)).toBe(false)
})

test('a stale directory is removed with what it links to left alone', async () => {
  const sandbox = Sandbox.create()
  const kept = sandbox.file('kept', 'mine')
  const target = sandbox.directory('target')
  writeFileSync(join(target, 'inside'), 'mine')
  const script = probe(
    sandbox,
    `const { symlinkSync } = await import('node:fs')
     const dir = await ctx.temp_dir()
     symlinkSync(join(here, 'kept'), join(dir, 'file'))
     symlinkSync(join(here, 'target'), join(dir, 'directory'))
     return {}`,
  )
  expect((await go(sandbox, script).answer).code).toBe(0)
  expect(readFileSync(kept, 'utf8')).toBe('mine')
  expect(readdirSync(target)).toEqual(['inside'])
})

for (const [what, make] of [
  ['a symlink', (path: string, sandbox: Sandbox) => symlinkSync(sandbox.directory('other'), path)],
  ['writable by others', openDirectory],
  ['a file', (path: string) => writeFileSync(path, '')],
] as const) {
  test(`a place for temporary directories that is ${what} is refused with exit 4 and the variable to set`, async () => {
    const sandbox = Sandbox.create()
    make(join(sandbox.path, 'tmp', `probe-${process.getuid?.() ?? 0}`), sandbox)
    const script = probe(sandbox, `return { dir: await ctx.temp_dir() }`)
    const { code, envelope } = await go(sandbox, script).answer
    expect(code).toBe(4)
    expect(envelope.error).toMatchObject({ code: 'TEMP_DIR_UNAVAILABLE' })
    expect(envelope.error.fix_required).toContain('TMPDIR')
  })
}

test('a child that goes on writing into the directory while the call ends does not keep it', async () => {
  const sandbox = Sandbox.create()
  const script = probe(
    sandbox,
    `const dir = await ctx.temp_dir()
     void ctx.run(['sh', '-c', 'echo $$ > writer; trap "" TERM; n=0; while :; do n=$((n+1)); mkdir -p "$0/$n" && echo x > "$0/$n/file"; done', dir])
     while (!existsSync(join(here, 'writer'))) await pause(5)
     note('ready')
     await forever()`,
  )
  const { child, answer } = go(sandbox, script)
  await logged(sandbox, 'ready')
  await pidIn(sandbox, 'writer')
  child.kill('SIGTERM')
  const { code, envelope } = await answer
  expect(code).toBe(143)
  expect(envelope.warnings).toEqual([])
  expect(tempDirs(sandbox)).toEqual([])
  note(sandbox, 'end')
})

function openDirectory(path: string): void {
  mkdirSync(path)
  chmodSync(path, 0o777)
}
