/** What a tracked child finds: its environment, its place, its stdin; and what its caller learns of its end and its output. */
import { constants } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { living, probe } from './probe.js'

/** Calls a probe whose handler returns its data, which is expected to succeed. */
async function data(
  sandbox: Sandbox,
  body: string,
  env: Record<string, string> = {},
  argv: readonly string[] = [],
) {
  const answer = await sandbox.call(['go', ...argv], { script: probe(sandbox, body), env })
  expect(answer.code, answer.stdout + answer.stderr).toBe(0)
  return answer.envelope.data
}

test('REQ-F-010, REQ-F-046, REQ-F-055: a tracked child finds an environment in which nothing waits for a person', async () => {
  const sandbox = Sandbox.create()
  const { env } = await data(
    sandbox,
    `const { stdout } = await ctx.run(['env', '-0'], { env: { ADDED: 'a=b', GONE: undefined, PAGER: 'own' } })
     return { env: Object.fromEntries(stdout.split('\\0').filter(Boolean).map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])) }`,
    {
      KEPT: 'kept',
      GONE: 'here',
      GIT_PAGER: 'less',
      EDITOR: 'vim',
      VISUAL: 'vim',
      LC_ALL: 'de_DE.UTF-8',
      FORCE_COLOR: '1',
      TOOL_TRACE_ID: 'trace-1',
    },
    ['--session', 's1'],
  )
  expect(env).toMatchObject({
    GIT_PAGER: 'cat',
    MANPAGER: 'cat',
    NO_COLOR: '1',
    LC_ALL: 'C',
    LC_NUMERIC: 'C',
    EDITOR: 'true',
    VISUAL: 'true',
    KEPT: 'kept',
    SANDBOX: sandbox.token,
    // What the handler gives comes last.
    ADDED: 'a=b',
    PAGER: 'own',
    PROBE_SESSION_ID: 's1',
    PROBE_RUN_ID: expect.stringMatching(/^[0-9a-f]{12}$/),
    TOOL_TRACE_ID: 'trace-1',
  })
  expect(env).not.toHaveProperty('GONE')
  expect(env).not.toHaveProperty('FORCE_COLOR')
})

test("a tracked child works in the call's directory, in the one that it is given, and in a relative one below the call's", async () => {
  const sandbox = Sandbox.create()
  sandbox.directory('base/below')
  const base = join(sandbox.path, 'base')
  const result = await data(
    sandbox,
    `const where = async options => (await ctx.run(['pwd', '-P'], options)).stdout.trim()
     return { own: await where(), given: await where({ cwd: here }), relative: await where({ cwd: 'below' }) }`,
    {},
    ['--cwd', base],
  )
  expect(result).toEqual({ own: base, given: sandbox.path, relative: join(base, 'below') })
})

test('every exit code from 0 to 255 arrives as it is', async () => {
  const sandbox = Sandbox.create()
  const { codes } = await data(
    sandbox,
    `const codes = []
     for (let from = 0; from < 256; from += 16)
       codes.push(...await Promise.all(Array.from({ length: 16 }, async (_, n) => {
         const { exit_code, signal } = await ctx.run(['sh', '-c', 'exit ' + (from + n)])
         return [exit_code, signal]
       })))
     return { codes }`,
  )
  expect(codes).toEqual(Array.from({ length: 256 }, (_, code) => [code, null]))
})

test('every signal that a process can die of arrives by its name', async () => {
  const sandbox = Sandbox.create()
  // These end nothing: they are ignored by default, stop, or continue (signal(7)).
  const harmless = ['SIGCHLD', 'SIGCONT', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGWINCH']
  const numbers = Object.entries(constants.signals).filter(([name]) => !harmless.includes(name))
  const { ends } = await data(
    sandbox,
    `const ends = []
     for (const number of ${JSON.stringify([...new Set(numbers.map(([, number]) => number))])}) {
       const { exit_code, signal } = await ctx.run(['sh', '-c', 'ulimit -c 0; kill -' + number + ' $$; sleep 1000'])
       ends.push([number, exit_code, signal])
     }
     return { ends }`,
  )
  expect(ends.length).toBeGreaterThan(15)
  for (const [number, exit_code, signal] of ends) {
    expect(exit_code, String(number)).toBe(null)
    expect(constants.signals[signal as NodeJS.Signals], signal).toBe(number)
  }
})

test('stdin is at its end where no input is given', async () => {
  const sandbox = Sandbox.create()
  const { run } = await data(sandbox, `return { run: await ctx.run(['wc', '-c']) }`)
  expect(run).toMatchObject({ exit_code: 0, stdout: expect.stringMatching(/^\s*0\n$/) })
})

test('input arrives byte by byte, whatever the bytes are and however many', async () => {
  const sandbox = Sandbox.create()
  const result = await data(
    sandbox,
    `const { createHash } = await import('node:crypto')
     const bytes = Buffer.alloc(5_000_000, 1)
     for (let n = 0; n < bytes.length; n += 1) bytes[n] = (n * 7919) % 256
     const sum = async input => (await ctx.run(['sha256sum'], { input })).stdout.slice(0, 64)
     return {
       same: await sum(bytes) === createHash('sha256').update(bytes).digest('hex'),
       text: (await ctx.run(['cat'], { input: 'täxt\\n\\0end' })).stdout,
       empty: (await ctx.run(['wc', '-c'], { input: '' })).stdout.trim(),
     }`,
  )
  expect(result).toEqual({ same: true, text: 'täxt\n\ufffdend', empty: '0' })
})

test('a child that closes its stdin before it has read all of it is no error', async () => {
  const sandbox = Sandbox.create()
  const { run } = await data(
    sandbox,
    `return { run: await ctx.run(['sh', '-c', 'exec <&-; sleep 0.2; echo fine; exit 4'], { input: 'x'.repeat(5_000_000) }) }`,
  )
  expect(run).toMatchObject({ exit_code: 4, stdout: 'fine\n' })
})

test('output is kept up to the limit, in whole characters, the rest is dropped, and the child is not held up', async () => {
  const sandbox = Sandbox.create()
  const result = await data(
    sandbox,
    `const exact = await ctx.run(['printf', '0123456789'], { max_output_bytes: 10 })
     const long = await ctx.run(['sh', '-c', 'yes täxt | head -c 3000000; echo end >&2'], { max_output_bytes: 1000 })
     const none = await ctx.run(['echo', 'x'], { max_output_bytes: 0 })
     const split = await ctx.run(['printf', 'aä'], { max_output_bytes: 2 })
     return { exact, long: { ...long, stdout: long.stdout.length, bytes: Buffer.byteLength(long.stdout) }, none, split }`,
  )
  expect(result.exact).toMatchObject({ stdout: '0123456789', truncated: false })
  expect(result.long).toMatchObject({ exit_code: 0, stderr: 'end\n', truncated: true })
  expect(result.long.bytes).toBeGreaterThan(990)
  expect(result.long.bytes).toBeLessThanOrEqual(1_000)
  expect(result.none).toMatchObject({ stdout: '', truncated: true })
  expect(result.split).toMatchObject({ stdout: 'a', truncated: true })
})

test('a descendant that holds stdout open, silent or noisy, does not keep ctx.run from answering with what the child wrote', async () => {
  const sandbox = Sandbox.create()
  const result = await data(
    sandbox,
    `const silent = await ctx.run(['sh', '-c', 'sleep 1000 & seq 1 20000'])
     const noisy = await ctx.run(['sh', '-c', '(while :; do echo noise >&2; sleep 0.01; done) & seq 1 20000'])
     return { silent: silent.stdout === noisy.stdout && silent.stdout.endsWith('\\n20000\\n'), code: noisy.exit_code }`,
  )
  expect(result).toEqual({ silent: true, code: 0 })
  expect(living(sandbox, 'sleep')).toEqual([])
  await sandbox.nothingLeft()
})

test('output arrives whole where the handler keeps the process busy while the child writes and ends', async () => {
  const sandbox = Sandbox.create()
  const { length } = await data(
    sandbox,
    `const running = ctx.run(['sh', '-c', 'sleep 1000 & head -c 150000 /dev/zero | tr "\\\\0" x'])
     await pause(50)
     const until = performance.now() + 400
     while (performance.now() < until);
     return { length: (await running).stdout.length }`,
  )
  expect(length).toBe(150_000)
})

test.each([
  ['no such program', `['no-such-program-anywhere']`, '{}', 'ENOENT'],
  ['a file that is not executable', `[join(here, 'plain')]`, '{}', 'EACCES'],
  ['a directory', `[here]`, '{}', 'EACCES'],
  ['a working directory that is not there', `['true']`, `{ cwd: '/nowhere/at/all' }`, 'ENOENT'],
])(
  'a child that cannot be started, %s, rejects with START_FAILED and its errno, and the call goes on',
  async (_, argv, options, errno) => {
    const sandbox = Sandbox.create()
    sandbox.file('plain', 'text')
    const result = await data(
      sandbox,
      `let failed
     try { await ctx.run(${argv}, ${options}) } catch (error) { failed = { code: error.details.code, errno: error.details.context.errno } }
     return { failed, next: (await ctx.run(['echo', 'next'])).stdout }`,
    )
    expect(result).toEqual({ failed: { code: 'START_FAILED', errno }, next: 'next\n' })
  },
)

test.each([
  ['an empty argv', '[]', '{}'],
  ['a NUL in an argument', `['echo', 'a\\0b']`, '{}'],
  ['a number as an argument', `['echo', 5]`, '{}'],
  ['a string for argv', `'echo hi'`, '{}'],
  ['a timeout that is no number', `['true']`, '{ timeout_ms: NaN }'],
  ['a timeout of Infinity', `['true']`, '{ timeout_ms: Infinity }'],
  ['a timeout of 0', `['true']`, '{ timeout_ms: 0 }'],
  ['input that is neither text nor bytes', `['true']`, '{ input: 5 }'],
  ['a limit that is no whole number', `['true']`, '{ max_output_bytes: 1.5 }'],
  ['a number in the environment', `['true']`, '{ env: { A: 5 } }'],
  ['a string for the environment', `['true']`, `{ env: 'A=5' }`],
  ['an equals sign in a name', `['true']`, `{ env: { 'A=B': 'c' } }`],
])('%s is refused before anything is recorded or started', async (_, argv, options) => {
  const sandbox = Sandbox.create()
  const result = await data(
    sandbox,
    `let failed
     try { await ctx.run(${argv}, ${options}) } catch (error) { failed = [error.details.code, error.exit_code, typeof error.details.fix_required] }
     return { failed, recorded: existsSync(join(here, 'home/.local/state/probe/runs')) }`,
  )
  expect(result).toEqual({ failed: ['RUN_REQUEST_INVALID', 1, 'string'], recorded: false })
})
