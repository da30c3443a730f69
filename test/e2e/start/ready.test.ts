/** `start --ready-*`: the answer comes when the program can be used, or says that it cannot and leaves nothing of it. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SLEEPER, script } from '../background/programs.js'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { freePort, listener, occupy } from './ports.js'

/** What a server at the port says. */
function said(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    connect({ port, host })
      .on('error', reject)
      .on('data', chunk => {
        text += chunk
      })
      .on('end', () => resolve(text))
  })
}

test('--ready-log answers when a line matches, and says so', async () => {
  const sandbox = Sandbox.create()
  const program = script(
    sandbox,
    'slow',
    'echo starting; sleep 0.5; echo "listening at 80" >&2; exec sleep 3600',
  )
  const { code, envelope } = await sandbox.call([
    'start',
    '--ready-log',
    '^listening at \\d+$',
    '--',
    ...program,
  ])
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.data).toMatchObject({ effect: 'created', ready: true })
  expect(readFileSync(envelope.data.log_path, 'utf8')).toBe('starting\nlistening at 80\n')
  expect((await sandbox.sh(envelope.data.cleanup_command)).code).toBe(0)
})

test.each(['127.0.0.1', '::1', '0.0.0.0'])('--ready-port answers when %s accepts', async host => {
  const sandbox = Sandbox.create()
  const port = await freePort()
  const argv = ['start', '--ready-port', String(port), '--', ...listener(sandbox, port, host, 300)]
  const { code, envelope } = await sandbox.call(argv)
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.data.ready).toBe(true)
  expect(await said(port, host === '::1' ? '::1' : '127.0.0.1')).toBe('hello\n')
  expect((await sandbox.sh(envelope.data.cleanup_command)).code).toBe(0)
})

test('--ready-port answers when a server accepts that says nothing, and never takes leave', async () => {
  const sandbox = Sandbox.create()
  const port = await freePort()
  const source = `
import { createServer } from 'node:net'
createServer({ allowHalfOpen: true }, () => {}).listen(${port}, '127.0.0.1')`
  const program = [process.execPath, sandbox.file('silent.mjs', source)]
  const { code, envelope } = await sandbox.call(['start', '--ready-port', String(port), '--', ...program])
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.data.ready).toBe(true)
  expect((await sandbox.sh(envelope.data.cleanup_command)).code).toBe(0)
})

test('a program that only tries whether the port is free is not ready yet', async () => {
  const sandbox = Sandbox.create()
  const port = await freePort()
  const source = `
import { createServer } from 'node:net'
import { existsSync } from 'node:fs'
const trial = createServer().listen(${port}, '127.0.0.1', () => setTimeout(() => trial.close(wait), 30))
const wait = () => (existsSync('go') ? createServer().listen(${port}, '127.0.0.1') : setTimeout(wait, 20))
setInterval(() => {}, 1000)
`
  const program = [process.execPath, sandbox.file('trial.mjs', source)]
  const start = (timeout: string) =>
    sandbox.call(['start', '--ready-port', String(port), '--ready-timeout', timeout, '--', ...program])
  const { code, stdout } = await start('2s')
  expect(code, stdout).toBe(10)
  sandbox.file('go', '')
  const { code: later, envelope } = await start('60s')
  expect(later, JSON.stringify(envelope)).toBe(0)
  expect((await sandbox.sh(envelope.data.cleanup_command)).code).toBe(0)
})

test.each(['127.0.0.1', '::1'])(
  'a port that is taken at %s before the start is refused, exit 6, and nothing is started',
  async host => {
    const sandbox = Sandbox.create()
    const port = await freePort()
    await occupy(port, host)
    const argv = ['start', '--ready-port', String(port), '--', 'touch', join(sandbox.path, 'ran')]
    const { code, envelope } = await sandbox.call(argv)
    expect(code).toBe(6)
    expect(envelope.error).toMatchObject({ code: 'PORT_TAKEN', context: { port } })
    expect(envelope.error.fix_required).not.toBe('')
    expect(existsSync(join(sandbox.path, 'ran'))).toBe(false)
    expect(readdirSync(join(sandbox.state, 'runs'))).toEqual([])
  },
)

test('a port of the ephemeral range at which nobody listens is neither taken nor ready, however often it is tried', async () => {
  const sandbox = Sandbox.create()
  // Two ephemeral ports: every other try would meet itself.
  const space = sandbox.file(
    'space.sh',
    'ip link set lo up; echo "40000 40001" >/proc/sys/net/ipv4/ip_local_port_range; exec "$@"\n',
  )
  for (const port of ['40000', '40001']) {
    const options = ['--ready-port', port, '--ready-timeout', '1s', '--', ...SLEEPER]
    const { code, stdout, envelope } = await finished(
      spawn('unshare', ['-rn', 'sh', space, 'chaperone', 'start', ...options], {
        cwd: sandbox.path,
        env: sandbox.env,
      }),
    )
    expect(code, stdout).toBe(10)
    expect(envelope.error.code).toBe('READY_TIMEOUT')
  }
})

test.each([
  { what: 'writes a line', body: 'sleep 0.3; echo up >&3; touch "$1/up"; exec sleep 3600' },
  {
    what: 'closes it after it wrote',
    body: 'printf u >&3; sleep 0.3; touch "$1/up"; exec 3>&-; exec sleep 3600',
  },
])('--ready-fd answers when the program $what', async ({ body }) => {
  const sandbox = Sandbox.create()
  const { code, envelope } = await sandbox.call([
    'start',
    '--ready-fd',
    '3',
    '--',
    ...script(sandbox, 'up', body),
  ])
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.data.ready).toBe(true)
  await until('its mark', () => existsSync(join(sandbox.path, 'up')))
  expect((await sandbox.sh(envelope.data.cleanup_command)).code).toBe(0)
})

test('what a program writes to the descriptor when its starter has long gone hurts nobody', async () => {
  const sandbox = Sandbox.create()
  const body =
    'echo up >&9; until [ -e "$1/go" ]; do sleep 0.05; done; echo more >&9 && touch "$1/wrote"; exec sleep 3600'
  const { envelope } = await sandbox.call([
    'start',
    '--ready-fd',
    '9',
    '--',
    ...script(sandbox, 'more', body),
  ])
  expect(envelope.data.ready).toBe(true)
  sandbox.file('go', '')
  await until('the second line', () => existsSync(join(sandbox.path, 'wrote')))
  expect(isAlive(envelope.data.background_pid)).toBe(true)
  expect((await sandbox.sh(envelope.data.cleanup_command)).code).toBe(0)
})

test.each([
  ['--ready-log', 'never'],
  ['--ready-port', null],
  ['--ready-fd', '3'],
])('%s: a program that ends before is told apart, with its code and its last lines', async (flag, value) => {
  const sandbox = Sandbox.create()
  const sign = value ?? String(await freePort())
  const program = script(sandbox, 'broken', 'echo cannot; echo bind >&2; exit 7')
  const { code, envelope } = await sandbox.call(['start', flag, sign, '--', ...program])
  expect(code).toBe(1)
  expect(envelope.error).toMatchObject({
    code: 'NOT_READY',
    context: { program_exit_code: 7, program_signal: null, last_lines: ['cannot', 'bind'] },
  })
  await sandbox.nothingLeft()
})

test.each([
  ['--ready-log', '^up$'],
  ['--ready-port', null],
  ['--ready-fd', '3'],
])('%s: a program that is not ready in time is ended, exit 10, with its last lines', async (flag, value) => {
  const sandbox = Sandbox.create()
  const sign = value ?? String(await freePort())
  const program = script(sandbox, 'slow', 'echo thinking; printf up; sleep 3600 & exec sleep 3600')
  const argv = ['start', flag, sign, '--ready-timeout', '3s', '--', ...program]
  const { code, envelope } = await sandbox.call(argv)
  expect(code).toBe(10)
  const { error } = envelope
  expect(error).toMatchObject({
    code: 'READY_TIMEOUT',
    context: { timeout_seconds: 3, last_lines: ['thinking', 'up'] },
  })
  await sandbox.nothingLeft()
  const shown = await sandbox.call(['show', error.context.run_id])
  expect(shown.envelope.data).toMatchObject({ owner: 'none', stop_cause: 'parent_signal' })
})

test('a starter that is killed while it waits leaves nothing of the program', async () => {
  const sandbox = Sandbox.create()
  const starter = sandbox.spawn(['start', '--ready-log', 'never', '--', ...SLEEPER], {}, 'ignore')
  await until('the program', () => sandbox.survivors().some(({ command }) => command === SLEEPER.join(' ')))
  starter.kill('SIGKILL')
  await sandbox.nothingLeft()
})

test('a second start of the name waits until the first is ready, and is told whether it is', async () => {
  const sandbox = Sandbox.create()
  const program = script(
    sandbox,
    'gate',
    'until [ -e "$1/go" ]; do sleep 0.05; done; echo up; exec sleep 3600',
  )
  const argv = ['start', '--session', 'dev', '--name', 'web', '--ready-log', '^up$', '--', ...program]
  const first = sandbox.call(argv)
  await until('the program', () => sandbox.survivors().some(({ command }) => command.includes('gate.sh')))
  const second = sandbox.call(argv)
  sandbox.file('go', '')
  const answers = (await Promise.all([first, second])).map(({ envelope }) => envelope.data)
  expect(answers.map(({ effect }) => effect).sort()).toEqual(['created', 'noop'])
  expect(answers.map(({ ready }) => ready)).toEqual([true, true])
  // One that asks for another sign is held to it; the run is not its own, and lives on.
  const strict = argv.with(6, '^down$').toSpliced(7, 0, '--ready-timeout', '300ms')
  expect((await sandbox.call(strict)).envelope.data).toMatchObject({ effect: 'noop', ready: true })
  expect((await sandbox.call(['session', 'stop', 'dev'])).code).toBe(0)
})

test.each([
  ['--ready-log', '^up$'],
  ['--ready-fd', '3'],
])('%s tells the same of a program on a terminal, whose name is as unique', async (flag, value) => {
  const sandbox = Sandbox.create()
  const program = script(sandbox, 'up', 'echo up; sleep 0.3; echo up >&3; exec sleep 3600 2>/dev/null')
  const options = ['--session', 'dev', '--name', 'web', '--runtime', 'tmux', flag, value]
  const answers = [
    await sandbox.call(['start', ...options, '--', ...program]),
    await sandbox.call(['start', ...options, '--', ...program]),
  ].map(({ stdout, envelope }) => envelope.data ?? stdout)
  expect(answers).toMatchObject([
    { effect: 'created', ready: true },
    { effect: 'noop', ready: true },
  ])
  expect((await sandbox.call(['session', 'stop', 'dev'])).code).toBe(0)
})
