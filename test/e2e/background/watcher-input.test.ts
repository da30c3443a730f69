/** Bad input to the reference task: a clear refusal with its code and exit, and nothing left running or recorded as live. */

import { spawn } from 'node:child_process'
import { chmodSync, existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { CHAPERONE, finished, Sandbox } from '../harness/sandbox.js'
import { CAN_MOUNT } from './mount-space.js'

const IS_ROOT = process.getuid?.() === 0

const live = (state: string): string[] =>
  existsSync(join(state, 'live')) ? readdirSync(join(state, 'live')) : []

test.each([
  { argv: ['start-watcher', '--dir', '.', '--session', '../x'], what: 'leads out of the state root' },
  { argv: ['start-watcher', '--dir', '.', '--session', 'x'.repeat(200)], what: 'is too long' },
  { argv: ['start-watcher', '--dir', '.', '--session', ''], what: 'is empty' },
  { argv: ['start-watcher', '--dir', '.', '--session', '.hidden'], what: 'begins with a dot' },
  { argv: ['start-watcher', '--dir', '.', '--session', 'a b'], what: 'holds a space' },
  { argv: ['stop-watcher', '--session', '../x'], what: 'leads out, for stop-watcher' },
  { argv: ['session', 'stop', '../x'], what: 'leads out, for session stop' },
  { argv: ['session', 'stop', 'x'.repeat(200)], what: 'is too long, for session stop' },
  { argv: ['cleanup', '--session', '../x'], what: 'leads out, for cleanup' },
  { argv: ['ps', '--session', '../x'], what: 'leads out, for ps' },
])('a session id that $what is refused with exit 2, and nothing is written', async ({ argv }) => {
  const sandbox = Sandbox.create()
  const { code, envelope } = await sandbox.call(argv)
  expect(code, JSON.stringify(envelope)).toBe(2)
  expect(envelope.error).toMatchObject({ phase: 'validation', retryable: false })
  expect(existsSync(sandbox.state)).toBe(false)
  expect(existsSync(join(sandbox.path, 'x'))).toBe(false)
})

test('a session that is malformed in the environment is refused as one on the command line', async () => {
  const sandbox = Sandbox.create()
  const { code } = await sandbox.call(['start-watcher', '--dir', '.'], {
    env: { CHAPERONE_SESSION_ID: '../x' },
  })
  expect(code).toBe(2)
  expect(existsSync(sandbox.state)).toBe(false)
})

test('a session that nobody knows: session stop exits 5, the idempotent stop-watcher does nothing', async () => {
  const sandbox = Sandbox.create()
  const unknown = await sandbox.call(['session', 'stop', 'nobody'])
  expect(unknown.code).toBe(5)
  expect(unknown.envelope.error.code).toBe('SESSION_NOT_FOUND')
  const noop = await sandbox.call(['stop-watcher', '--session', 'nobody'])
  expect(noop.code).toBe(0)
  expect(noop.envelope.data).toEqual({ effect: 'noop', stopped: [] })
  const nothing = await sandbox.call(['stop-watcher'])
  expect(nothing.code).toBe(4)
  expect(nothing.envelope.error.code).toBe('SESSION_REQUIRED')
})

test.each([
  { what: 'is not there', dir: 'missing', code: 5, error: 'NOT_FOUND' },
  { what: 'is a file', dir: 'file.txt', code: 4, error: 'NOT_A_DIRECTORY' },
  { what: 'has a file on its way', dir: 'file.txt/below', code: 4, error: 'NOT_A_DIRECTORY' },
])('a directory that $what: exit $code, $error, and no watcher is left', async ({ dir, code, error }) => {
  const sandbox = Sandbox.create()
  sandbox.file('file.txt', '')
  const answer = await sandbox.call(['start-watcher', '--dir', dir])
  expect(answer.code, answer.stdout).toBe(code)
  expect(answer.envelope.error).toMatchObject({ code: error, retryable: false, phase: 'execution' })
  expect(answer.envelope.error.fix_required).not.toBe('')
  await sandbox.nothingLeft()
  expect(live(sandbox.state)).toEqual([])
})

test('a directory that may not be read: exit 7, NOT_READABLE', async () => {
  const sandbox = Sandbox.create()
  const dir = sandbox.directory('closed')
  chmodSync(dir, 0o000)
  // Nothing is closed to root but by the capabilities that let it in everywhere (capabilities(7)).
  const [program, ...argv] = [
    ...(IS_ROOT ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : []),
    ...[process.execPath, CHAPERONE, 'start-watcher', '--dir', dir],
  ]
  const answer = await finished(spawn(program ?? '', argv, { cwd: sandbox.path, env: sandbox.env }))
  chmodSync(dir, 0o700)
  expect(answer.code, answer.stdout + answer.stderr).toBe(7)
  expect(answer.envelope.error).toMatchObject({ code: 'NOT_READABLE', retryable: false })
  await sandbox.nothingLeft()
  expect(live(sandbox.state)).toEqual([])
})

test.skipIf(!CAN_MOUNT)(
  'too many directories for the machine: exit 4, WATCH_LIMIT (where user namespaces have limits)',
  async () => {
    const sandbox = Sandbox.create()
    for (let i = 0; i < 40; i += 1) sandbox.directory(`tree/${i}`)
    const script = 'echo 10 >/proc/sys/user/max_inotify_watches && exec "$@"'
    const answer = await finished(
      spawn(
        'unshare',
        [
          '-Ur',
          'sh',
          '-c',
          script,
          'sh',
          process.execPath,
          CHAPERONE,
          'start-watcher',
          '--dir',
          resolve(sandbox.path, 'tree'),
        ],
        { cwd: sandbox.path, env: sandbox.env },
      ),
    )
    expect(answer.code, answer.stdout + answer.stderr).toBe(4)
    expect(answer.envelope.error).toMatchObject({ code: 'WATCH_LIMIT', retryable: false })
    expect(answer.envelope.error.fix_required).not.toBe('')
    await sandbox.nothingLeft()
    expect(live(sandbox.state)).toEqual([])
  },
)

test("a relative directory is the caller's, and --cwd moves it", async () => {
  const sandbox = Sandbox.create()
  const dir = sandbox.directory('below/here')
  for (const argv of [
    ['start-watcher', '--dir', 'below/here'],
    ['start-watcher', '--dir', 'here', '--cwd', join(sandbox.path, 'below')],
  ]) {
    const { envelope } = await sandbox.call(argv)
    expect(envelope.data.watching).toBe(dir)
    expect((await sandbox.sh(envelope.data.cleanup_command)).code).toBe(0)
  }
})
