/** Programs and requests that cannot be started: what is wrong, with its errno, and a record that is whole or none. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { Launcher } from './launcher.js'
import { SLEEPER } from './programs.js'

test.each([
  {
    what: 'is not found',
    program: ['no-such-program'],
    errno: 'ENOENT',
    says: /no-such-program was not found/,
  },
  { what: 'is not executable', program: ['./plain.txt'], errno: 'EACCES', says: /is not executable/ },
  { what: 'is a directory', program: ['/'], errno: 'EACCES', says: /is not executable/ },
])(
  'a program that $what: START_FAILED with its errno, and a record that is complete',
  async ({ program, errno, says }) => {
    const sandbox = Sandbox.create()
    sandbox.file('plain.txt', 'no program')
    const launcher = new Launcher(sandbox)
    const { code, envelope } = await launcher.call(['launch', '--', ...program])
    expect(code).toBe(1)
    const { error } = envelope
    expect(error).toMatchObject({ code: 'START_FAILED', context: { errno, argv: program } })
    expect(error.message).toMatch(says)
    expect(error.fix_required).not.toBe('')
    await sandbox.nothingLeft()
    expect(readdirSync(join(launcher.state, 'live'))).toEqual([])
    const shown = await launcher.call(['show', error.context.run_id])
    expect(shown.envelope.data).toMatchObject({
      status: 'failed',
      owner: 'none',
      exit_reason: 'start_failed',
      error: { code: 'START_FAILED', errno },
      damaged: [],
    })
  },
)

test.each([
  { what: 'is not there', options: `{ cwd: 'vanished' }`, errno: 'ENOENT', says: /vanished is not there/ },
  { what: 'is a file', options: `{ cwd: 'plain.txt' }`, errno: 'ENOTDIR', says: /plain.txt is no directory/ },
])('a working directory that $what is named, not the program', async ({ options, errno, says }) => {
  const sandbox = Sandbox.create()
  sandbox.file('plain.txt', '')
  const launcher = new Launcher(sandbox, { spawn_options: options })
  const { code, envelope } = await launcher.call(['launch', '--', ...SLEEPER])
  expect(code).toBe(1)
  expect(envelope.error).toMatchObject({ code: 'START_FAILED', context: { errno } })
  expect(envelope.error.message).toMatch(says)
  await sandbox.nothingLeft()
})

test('an environment that the system does not take is START_FAILED, E2BIG', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { spawn_options: `{ env: { TOO_LONG: 'x'.repeat(200_000) } }` })
  const { envelope } = await launcher.call(['launch', '--', ...SLEEPER])
  expect(envelope.error).toMatchObject({ code: 'START_FAILED', context: { errno: 'E2BIG' } })
  await sandbox.nothingLeft()
})

test.each([
  { what: 'an argument with NUL', body: `ctx.background.spawn(['sleep', '1\\0'])` },
  { what: 'an argument that is no string', body: `ctx.background.spawn(['sleep', 3600])` },
  { what: 'no argument', body: 'ctx.background.spawn([])' },
  { what: 'a shell string', body: `ctx.background.spawn('sleep 3600')` },
  { what: 'an empty name', body: `ctx.background.spawn(args.program, { name: '' })` },
  { what: 'a variable with =', body: `ctx.background.spawn(args.program, { env: { 'A=B': '' } })` },
  { what: 'no environment', body: 'ctx.background.spawn(args.program, { env: null })' },
  { what: 'no expression', body: `ctx.background.spawn(args.program, { ready: { log: 'ready' } })` },
  {
    what: 'two signs of readiness',
    body: `ctx.background.spawn(args.program, { ready: { port: 1, fd: 3 } })`,
  },
  { what: 'no port', body: `ctx.background.spawn(args.program, { ready: { port: 65536 } })` },
  { what: 'stdout as the sign', body: `ctx.background.spawn(args.program, { ready: { fd: 1 } })` },
  { what: 'a unique name that is missing', body: `ctx.background.spawn(args.program, { unique: true })` },
  {
    what: 'a path as unique name',
    body: `ctx.background.spawn(args.program, { unique: true, name: '../x' })`,
  },
  { what: 'a group to be bound to', body: `ctx.background.spawn(args.program, { bind: -1 })` },
  { what: 'an unknown runtime', body: `ctx.background.spawn(args.program, { runtime: 'docker' })` },
  {
    what: 'a longer life than declared',
    body: `ctx.background.spawn(args.program, { max_lifetime_ms: 1e12 })`,
  },
  { what: 'no grace', body: `ctx.background.spawn(args.program, { grace_ms: -1 })` },
  { what: 'a tiny log', body: 'ctx.background.spawn(args.program, { log_max_bytes: 10 })' },
])(
  'a handler that asks with $what gets BACKGROUND_REQUEST_INVALID, and nothing is recorded',
  async ({ body }) => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox, { body: `await ${body}\nreturn { launched: true }` })
    const { code, envelope } = await launcher.call(['launch', '--', ...SLEEPER])
    expect(code).toBe(1)
    expect(envelope.error.code).toBe('BACKGROUND_REQUEST_INVALID')
    expect(existsSync(join(launcher.state, 'runs'))).toBe(false)
    await sandbox.nothingLeft()
  },
)
