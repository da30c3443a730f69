/** `meta`: the facts of the call itself, on every response. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { AuthorTool, listTool } from '../contract/harness/author.js'
import { checked } from '../contract/harness/checked.js'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'

const SLEEP = `command('sleep', async ({ ms }) => { await new Promise(resolve => setTimeout(resolve, ms)); return {} }, {
  flags: { ms: { type: 'integer', default: 0, description: 'How long' } } })`
const FAIL = "command('fail', async () => { throw new Error('It broke.') })"

const author = (sandbox: Sandbox) => new AuthorTool(sandbox, { 'tool.mjs': listTool(`${SLEEP}, ${FAIL}`) })

/** One call for every way in which one can end. */
const ENDINGS = [
  ['sleep'],
  ['fail'],
  ['sleep', '--bogus'],
  ['bogus'],
  ['sleep', '--ms', '60000', '--timeout', '100ms'],
  ['--help'],
  ['--version'],
  [],
]

test('REQ-F-021: a timestamp declared in the answer of a command is accepted with a warning', async () => {
  const tool = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(`command('when', async () => ({ at: '2026-01-01T00:00:00Z' }), {
      output_schema: { type: 'object', properties: { at: { type: 'string', format: 'date-time' } } } })`),
  })
  const { warnings, ok } = await tool.ask(['manifest'])
  expect(ok).toBe(true)
  expect(warnings.map(({ message }) => message).join()).toContain('when')
})

test('REQ-F-023: meta.tool_version is the version that --version tells, and no update is ever announced unasked', async () => {
  const tool = author(Sandbox.create())
  for (const argv of ENDINGS) {
    const { meta } = await tool.ask(argv)
    expect(meta.tool_version, argv.join(' ')).toBe('1.2.3')
    expect('update_available' in meta).toBe(false)
  }
  expect((await tool.ask(['--version'])).data.version).toBe('1.2.3')
  expect((await tool.ask(['version'])).data.version).toBe('1.2.3')
})

test('REQ-F-024: every response has a request id of its own, its command, and the time at which the call began', async () => {
  const tool = author(Sandbox.create())
  const ids = new Set<string>()
  for (const argv of [...ENDINGS, ...ENDINGS]) {
    const before = Date.now()
    const { meta } = await tool.ask(argv)
    ids.add(meta.request_id)
    expect(meta.command).toBe(['sleep', 'fail'].find(name => name === argv[0]) ?? 'mytool')
    const began = Date.parse(meta.timestamp)
    expect(new Date(began).toISOString()).toBe(meta.timestamp)
    expect(began).toBeGreaterThanOrEqual(before)
    expect(began).toBeLessThanOrEqual(Date.now() - meta.duration_ms + 50)
  }
  expect(ids.size).toBe(2 * ENDINGS.length)
  expect(checked(await Sandbox.create().call(['session', 'list'])).meta.command).toBe('session.list')
})

test('REQ-F-024: TOOL_TRACE_ID is on every response, and absent where it is not set', async () => {
  const tool = author(Sandbox.create())
  for (const argv of ENDINGS) {
    expect((await tool.ask(argv, { env: { TOOL_TRACE_ID: 'abc123' } })).meta.trace_id, argv.join(' ')).toBe(
      'abc123',
    )
    expect('trace_id' in (await tool.ask(argv)).meta).toBe(false)
  }
  expect('trace_id' in (await tool.ask(['sleep'], { env: { TOOL_TRACE_ID: '' } })).meta).toBe(false)
})

test('REQ-F-027: meta.cwd is where the call was made, or what --cwd says', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  const cwd = sandbox.directory('a b')
  const pwd = execFileSync('pwd', { cwd, encoding: 'utf8' }).trimEnd()
  for (const argv of ENDINGS) expect((await tool.ask(argv, { cwd })).meta.cwd, argv.join(' ')).toBe(pwd)
  expect((await tool.ask(['sleep', '--cwd', 'a b'])).meta.cwd).toBe(cwd)
})

test('REQ-F-027: a call from a directory that has been removed is answered like any other', async () => {
  const sandbox = Sandbox.create()
  const cwd = sandbox.directory('removed')
  for (const argv of ['version', 'ps', '--help', 'ps --cwd /', 'bogus']) {
    const answer = await sandbox.sh(
      `cd '${cwd}' && rmdir '${cwd}' && chaperone ${argv}; code=$?; mkdir '${cwd}'; exit $code`,
    )
    expect(checked(answer).meta.cwd, argv).toBe(argv.includes('--cwd') ? '/' : cwd)
  }
})

test('REQ-F-039: every response tells how long the call took, in whole milliseconds', async () => {
  const tool = author(Sandbox.create())
  for (const argv of ENDINGS) {
    const { duration_ms } = (await tool.ask(argv)).meta
    expect(Number.isSafeInteger(duration_ms) && duration_ms >= 0, argv.join(' ')).toBe(true)
  }
  const before = performance.now()
  const { duration_ms } = (await tool.ask(['sleep', '--ms', '1000'])).meta
  expect(duration_ms).toBeGreaterThanOrEqual(1_000)
  expect(duration_ms).toBeLessThanOrEqual(performance.now() - before)
  expect(
    (await tool.ask(['sleep', '--ms', '60000', '--timeout', '1s'])).meta.duration_ms,
  ).toBeGreaterThanOrEqual(1_000)
})

test('REQ-F-039: a call that a signal ends tells it too', async () => {
  const sandbox = Sandbox.create()
  const tool = new AuthorTool(sandbox, {
    'tool.mjs': listTool(
      "command('wait', async (args, ctx) => { ctx.log('waiting'); await new Promise(() => setInterval(() => {}, 1000)) })",
    ),
  })
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    let heard = ''
    const answer = await tool.call(['wait', '--verbose'], {
      started(child) {
        child.stderr?.on('data', chunk => {
          heard += chunk
        })
        void until('the handler to wait', () => heard.includes('waiting')).then(() => child.kill(signal))
      },
    })
    const { data, error, meta } = checked(answer)
    expect(meta.exit_code).toBe(code)
    expect(meta.duration_ms).toBeGreaterThanOrEqual(0)
    expect(error).toMatchObject({
      code: 'CANCELLED',
      retryable: false,
      phase: 'execution',
      context: { signal },
    })
    expect(data.partial).toBe(true)
  }
})

test('meta.timeout_ms is the limit in force: the framework’s, the contract’s, or the call’s', async () => {
  const tool = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(
      "command('plain', async () => ({})), command('long', async () => ({}), { timeout_seconds: 7 })",
    ),
  })
  const limit = async (...argv: string[]) => (await tool.ask(argv)).meta.timeout_ms
  expect(await limit('plain')).toBeGreaterThan(0)
  expect(await limit('long')).toBe(7_000)
  expect(await limit('long', '--timeout', '1500ms')).toBe(1_500)
  expect(await limit('long', '--timeout', '2m')).toBe(120_000)
  expect(await limit('long', '--timeout', '3')).toBe(3_000)
  expect(await limit('long', '--timeout', '0')).toBe(0)
})
