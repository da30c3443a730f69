/** What `start` refuses: exit 2 or 4 with the fix, and nothing of it runs. */
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SLEEPER } from '../background/programs.js'
import { Sandbox } from '../harness/sandbox.js'
import { template } from './templates.js'

test.each([
  { argv: [], says: /<argv> is required/ },
  { argv: ['--'], says: /<argv> is required/ },
  { argv: ['--', ''], says: /empty word/ },
  { argv: ['--max-lifetime', '0', '--', ...SLEEPER], says: /longer than 0/ },
  { argv: ['--max-lifetime', '0ms', '--', ...SLEEPER], says: /longer than 0/ },
  { argv: ['--max-lifetime=-5s', '--', ...SLEEPER], says: /must be a duration/ },
  { argv: ['--max-lifetime', '1.5h', '--', ...SLEEPER], says: /must be a duration/ },
  { argv: ['--max-lifetime', 'forever', '--', ...SLEEPER], says: /must be a duration/ },
  { argv: ['--max-lifetime', '999999999d', '--', ...SLEEPER], says: /at most 365d/ },
  { argv: ['--max-lifetime', '31536001', '--', ...SLEEPER], says: /at most 365d/ },
  { argv: ['--env', 'SECRET', '--', ...SLEEPER], says: /'SECRET' has no =/ },
  { argv: ['--env', '=value', '--', ...SLEEPER], says: /no name of a variable/ },
  { argv: ['--env', '1A=value', '--', ...SLEEPER], says: /no name of a variable/ },
  { argv: ['--cwd', 'nowhere', '--', ...SLEEPER], says: /there is no directory/ },
])('start $argv is refused with exit 2, and nothing is recorded', async ({ argv, says }) => {
  const sandbox = Sandbox.create()
  const { code, envelope } = await sandbox.call(['start', ...argv])
  expect(code).toBe(2)
  expect(envelope.error.message).toMatch(says)
  expect(envelope.error.fix_required).not.toBe('')
  expect(existsSync(sandbox.state)).toBe(false)
})

test('all that is wrong is said at once, and no value of a variable is repeated', async () => {
  const sandbox = Sandbox.create()
  const argv = ['start', '--max-lifetime', '0', '--env', 'API_TOKEN=hush', '--env', 'nothing', '--']
  const { code, stdout, envelope } = await sandbox.call(argv)
  expect(code).toBe(2)
  expect(envelope.error.errors.map(({ param }: { param: string }) => param).sort()).toEqual(
    ['--env', '--max-lifetime', 'argv'].sort(),
  )
  expect(stdout).not.toContain('hush')
})

test.each([
  { what: 'is not found', argv: ['no-such-program'], errno: 'ENOENT', says: /no-such-program was not found/ },
  { what: 'is not executable', argv: ['./plain.txt'], errno: 'EACCES', says: /is not executable/ },
  { what: 'is a directory', argv: ['/'], errno: 'EACCES', says: /is not executable/ },
])('a program that $what is exit 4, START_FAILED with its errno', async ({ argv, errno, says }) => {
  const sandbox = Sandbox.create()
  sandbox.file('plain.txt', 'no program')
  const { code, envelope } = await sandbox.call(['start', '--', ...argv])
  expect(code).toBe(4)
  expect(envelope.error).toMatchObject({ code: 'START_FAILED', context: { errno, argv } })
  expect(envelope.error.message).toMatch(says)
  expect(envelope.error.fix_required).not.toBe('')
  await sandbox.nothingLeft()
  expect(readdirSync(join(sandbox.state, 'live'))).toEqual([])
})

test("a directory of a template that is not there, and a caller's that vanished, are named, not the program", async () => {
  const sandbox = Sandbox.create()
  template(sandbox, 'server', { argv: [...SLEEPER], cwd: 'vanished' })
  const { code, envelope } = await sandbox.call(['start', '-t', 'server'])
  expect(code).toBe(4)
  expect(envelope.error.message).toMatch(/vanished is not there/)
  const gone = sandbox.directory('gone')
  const answer = await sandbox.sh(`rmdir ${gone}; chaperone start -- sleep 3600`, { cwd: gone })
  rmSync(gone, { recursive: true, force: true })
  expect(answer.code, answer.stdout).toBe(4)
  expect(answer.envelope.error).toMatchObject({ code: 'START_FAILED', context: { errno: 'ENOENT' } })
  expect(answer.envelope.error.message).toMatch(/working directory .*gone is not there/)
})

test('arguments that are longer than the system takes are exit 4, START_FAILED, E2BIG', async () => {
  const sandbox = Sandbox.create()
  template(sandbox, 'long', { argv: ['echo', 'x'.repeat(200_000)] })
  const { code, envelope } = await sandbox.call(['start', '-t', 'long'])
  expect(code).toBe(4)
  expect(envelope.error).toMatchObject({ code: 'START_FAILED', context: { errno: 'E2BIG' } })
  expect(envelope.error.message).toMatch(/longer than the system takes/)
  expect(envelope.error.fix_required).toMatch(/file/)
  await sandbox.nothingLeft()
})

test.each([
  { argv: ['--runtime', 'docker', '--', ...SLEEPER], says: /must be one of background/ },
  { argv: ['--ready-log', '[', '--', ...SLEEPER], says: /regular expression/ },
  { argv: ['--ready-port', '0', '--', ...SLEEPER], says: /1 to 65535/ },
  { argv: ['--ready-port', '65536', '--', ...SLEEPER], says: /1 to 65535/ },
  { argv: ['--ready-fd', '1', '--', ...SLEEPER], says: /3 to 255/ },
  { argv: ['--ready-log', 'a', '--ready-fd', '3', '--', ...SLEEPER], says: /together/ },
  { argv: ['--ready-timeout', '5s', '--', ...SLEEPER], says: /needs one of/ },
  { argv: ['--ready-log', 'a', '--ready-timeout', '0', '--', ...SLEEPER], says: /longer than 0/ },
  { argv: ['--ready-log', 'a', '--ready-timeout', '2h', '--', ...SLEEPER], says: /at most 1h/ },
])(
  'start $argv is refused with exit 2, and nothing is recorded (readiness, runtime)',
  async ({ argv, says }) => {
    const sandbox = Sandbox.create()
    const { code, envelope } = await sandbox.call(['start', ...argv])
    expect(code).toBe(2)
    expect(envelope.error.message).toMatch(says)
    expect(existsSync(sandbox.state)).toBe(false)
  },
)

test('a template with a runtime that start does not know, or a name that none can have, is exit 4', async () => {
  const sandbox = Sandbox.create()
  for (const option of [{ runtime: 'foreground' }, { name: 'a/b' }]) {
    template(sandbox, 'server', { argv: [...SLEEPER], ...option })
    const { code, envelope } = await sandbox.call(['start', '-t', 'server'])
    expect(code).toBe(4)
    expect(envelope.error.code).toBe('TEMPLATE_INVALID')
  }
  const given = ['start', '-t', 'server', '--name', 'fine', '--dry-run']
  expect((await sandbox.call(given)).envelope.data.plan.name).toEqual({ value: 'fine', from: 'command_line' })
})

test('a file that is no program of this machine is run by the shell, as exec does, and its end is told', async () => {
  const sandbox = Sandbox.create()
  // execvp(3): what fails with ENOEXEC is given to /bin/sh.
  const path = sandbox.file('no-program', '\x7fELF garbage\n')
  chmodSync(path, 0o755)
  const { code, envelope } = await sandbox.call(['start', '--ready-log', 'up', '--', path])
  expect(code).toBe(1)
  expect(envelope.error).toMatchObject({ code: 'NOT_READY', context: { program_exit_code: 127 } })
  await sandbox.nothingLeft()
})
