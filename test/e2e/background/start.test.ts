/** What a start answers, what it leaves running, and what the program finds. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { descriptorsOf, loadedDescriptorsOf } from '../runtimes/programs.js'
import { sessionIdOf, shimOf } from './holders.js'
import { Launcher } from './launcher.js'
import { SLEEPER, script } from './programs.js'

test('REQ-C-010: --schema of the built start-watcher declares the background process, its cleanup command and its lifetime', async () => {
  const sandbox = Sandbox.create()
  const { code, envelope } = await sandbox.call(['start-watcher', '--schema'])
  expect(code).toBe(0)
  expect(envelope.data).toMatchObject({
    spawns_background_process: true,
    cleanup_command: 'chaperone stop-watcher',
    max_lifetime_seconds: 86_400,
  })
  const { envelope: manifest } = await sandbox.call(['manifest'])
  const entry = manifest.data.commands['start-watcher']
  expect(entry).toMatchObject({
    spawns_background_process: true,
    cleanup_command: 'chaperone stop-watcher',
    max_lifetime_seconds: 86_400,
  })
})

test("REQ-C-010: --schema of an author's tool declares the same", async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { max_lifetime_seconds: 77 })
  const { envelope } = await launcher.call(['launch', '--schema'])
  expect(envelope.data).toMatchObject({
    spawns_background_process: true,
    cleanup_command: 'launcher stop',
    max_lifetime_seconds: 77,
  })
})

test('REQ-C-010: the answer of the built start-watcher carries background_pid and cleanup_command, and both are true', async () => {
  const sandbox = Sandbox.create()
  const dirs = [sandbox.directory('one'), sandbox.directory('two')]
  const answers = await Promise.all(
    dirs.map(dir => sandbox.call(['start-watcher', '--session', 'both', '--dir', dir])),
  )
  const [one, two] = answers.map(({ envelope }) => envelope.data)
  for (const data of [one, two]) {
    expect(Number.isInteger(data.background_pid)).toBe(true)
    expect(isAlive(data.background_pid)).toBe(true)
  }
  expect(readFileSync(one.pid_file, 'utf8').trim().split('\n').map(Number).sort()).toEqual(
    [one.background_pid, two.background_pid].sort(),
  )

  const cleaned = await sandbox.sh(one.cleanup_command)
  expect(cleaned.code, cleaned.stdout).toBe(0)
  expect(isAlive(one.background_pid)).toBe(false)
  expect(isAlive(two.background_pid), 'it ends exactly its own run').toBe(true)
  expect(readFileSync(two.pid_file, 'utf8')).toBe(`${two.background_pid}\n`)

  expect((await sandbox.sh(two.cleanup_command)).code).toBe(0)
  expect(isAlive(two.background_pid)).toBe(false)
  expect(existsSync(two.pid_file)).toBe(false)
})

test("REQ-C-010: the answer of an author's tool carries the same, and its cleanup command runs as it stands", async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const one = await launcher.launch(SLEEPER, { session: 'both' })
  const two = await launcher.launch(SLEEPER, { session: 'both' })
  expect(Number.isInteger(one.background_pid)).toBe(true)
  const cleaned = await launcher.sh(one.cleanup_command)
  expect(cleaned.code, cleaned.stdout).toBe(0)
  expect([one, two].map(({ background_pid }) => isAlive(background_pid))).toEqual([false, true])
  expect((await launcher.sh(two.cleanup_command)).code).toBe(0)
})

test('REQ-C-010: a command that starts a background process and does not declare all of it is refused at registration', async () => {
  const sandbox = Sandbox.create()
  for (const field of [
    'spawns_background_process: true,',
    "cleanup_command: 'stop',",
    'max_lifetime_seconds: 600,',
  ]) {
    const complete = readFileSync(new Launcher(sandbox, { name: 'complete' }).script, 'utf8')
    expect(complete).toContain(field)
    const script = sandbox.tool('partly', complete.replace(field, ''))
    const { code, envelope } = await sandbox.call(['launch', '--', ...SLEEPER], { script })
    expect(code).toBe(1)
    expect(envelope.error.code).toBe('REGISTRATION_REFUSED')
    expect(envelope.error.context.violations.length).toBeGreaterThan(0)
  }
  expect(sandbox.survivors()).toEqual([])
})

test('REQ-C-010: a command that declares nothing cannot start a background process: it throws, and nothing was spawned', async () => {
  const sandbox = Sandbox.create()
  const complete = readFileSync(new Launcher(sandbox, { name: 'complete' }).script, 'utf8')
  const undeclared = [
    'spawns_background_process: true,',
    "cleanup_command: 'stop',",
    'max_lifetime_seconds: 600,',
  ].reduce((source, field) => source.replace(field, ''), complete)
  const { code, envelope } = await sandbox.call(['launch', '--', 'sh', '-c', `touch ${sandbox.path}/ran`], {
    script: sandbox.tool('undeclared', undeclared),
  })
  expect(code).toBe(1)
  expect(envelope.error.code).toBe('UNDECLARED_CAPABILITY')
  expect(existsSync(join(sandbox.path, 'ran'))).toBe(false)
  await sandbox.nothingLeft()
})

test("the caller's pipes reach their end when the start has answered, while the watcher lives on", async () => {
  const sandbox = Sandbox.create()
  // `call` resolves on the end of both pipes, not on the exit.
  const { envelope } = await sandbox.call(['start-watcher', '--dir', sandbox.path])
  expect(isAlive(envelope.data.background_pid)).toBe(true)
  const piped = await sandbox.sh(`chaperone start-watcher --dir . | cat; echo end >&2`)
  expect(piped.stderr).toBe('end\n')
  expect(isAlive(JSON.parse(piped.stdout).data.background_pid)).toBe(true)
  expect((await sandbox.call(['cleanup', '--all-sessions'])).code).toBe(0)
})

test('a program finds what its caller had, and nothing of ours: directory, environment, umask, stdin, descriptors, session', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const dir = sandbox.directory(`a directory with $(odd) "names" and 'quotes'`)
  const out = sandbox.directory('out')
  // On one line: an argument holds no line break.
  const tell = [
    `cat >"$0/stdin"; cat /proc/$$/environ >"$0/environ"; readlink /proc/$$/cwd >"$0/cwd"; umask >"$0/umask"`,
    'echo $$ >"$0/done"; exec sleep 3600',
  ].join('; ')
  const env = {
    QUOTES: `it's "quoted" $HOME \`id\` \\`,
    NEWLINES: 'one\ntwo\r\n\n',
    EMPTY: '',
    LONG: 'x'.repeat(100_000),
    LONG_TOO: 'ü'.repeat(50_000),
    NODE_OPTIONS: '--max-old-space-size=300',
    NODE_NO_WARNINGS: '1',
    LD_BIND_NOW: '1',
    TOOL_TRACE_ID: 'trace-7',
  }
  // Descriptors that the caller has open, low and high; bash, because dash knows only the low ones.
  const caller = sandbox.file(
    'caller.sh',
    `umask 027; cd "$1"; exec 9</dev/null 200</dev/null 201>"$2/leak"; shift 2; exec "$@"`,
  )
  const answer = await finished(
    spawn(
      'bash',
      [
        ...[
          caller,
          dir,
          sandbox.path,
          process.execPath,
          launcher.script,
          'launch',
          '--session',
          'world',
          '--',
        ],
        ...['sh', '-c', tell, out],
      ],
      { env: { ...sandbox.env, ...launcher.env, ...env } },
    ),
    { input: 'for the caller alone' },
  )
  expect(answer.code, answer.stdout + answer.stderr).toBe(0)
  const { data } = answer.envelope
  await until('the program to tell', () => existsSync(join(out, 'done')))
  const told = (name: string) => readFileSync(join(out, name), 'utf8')

  expect(told('done')).toBe(`${data.background_pid}\n`)
  expect(told('cwd')).toBe(`${dir}\n`)
  expect(told('stdin')).toBe('')
  expect(told('umask')).toBe('0027\n')
  const environ = told('environ').split('\0')
  for (const [name, value] of Object.entries({ ...sandbox.env, ...env }))
    expect(environ).toContain(`${name}=${value}`)
  expect(environ).toContain('LAUNCHER_SESSION_ID=world')
  expect(environ).toContain(`LAUNCHER_RUN_ID=${data.run_id}`)
  await until('the shell to become sleep', () => commandOf(data.background_pid).startsWith('sleep'))
  expect(await loadedDescriptorsOf(data.background_pid)).toEqual({
    0: '/dev/null',
    1: data.log_path,
    2: data.log_path,
  })

  // A session of its own, and the shim in another; the shim has next to nothing of the caller's environment.
  expect(sessionIdOf(data.background_pid)).toBe(data.background_pid)
  const shim = shimOf(sandbox, data.run_id)
  expect(sessionIdOf(shim)).toBe(shim)
  const shim_env = readFileSync(`/proc/${shim}/environ`, 'utf8').split('\0')
  expect(shim_env.filter(entry => /^(NODE_|QUOTES|LONG|LD_BIND|SANDBOX)/.test(entry))).toEqual([])
  expect(Object.values(descriptorsOf(shim))).not.toContain(join(sandbox.path, 'leak'))

  expect((await launcher.sh(data.cleanup_command)).code).toBe(0)
})

test('an environment of 500 kB reaches the program whole', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const env = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`BLOCK_${i}`, `${i}`.repeat(100_000)]))
  const program = script(
    sandbox,
    'count',
    'tr "\\0" "\\n" </proc/$$/environ | grep -c "^BLOCK_" >"$1/count.pid"; sleep 3600',
  )
  const { cleanup_command } = await launcher.launch(program, { env })
  await until('the count', () => readIfThere(join(sandbox.path, 'count.pid')) === '5\n')
  expect((await launcher.sh(cleanup_command)).code).toBe(0)
})

test('nothing of a background run holds what the caller had open', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const caller = sandbox.spawn(['launch', '--', ...SLEEPER], launcher.with({}), [
    'pipe',
    'pipe',
    'pipe',
    'pipe',
    'pipe',
  ])
  const extra = [3, 4].map(
    index =>
      new Promise<void>(resolve => caller.stdio[index]?.on('close', () => resolve()).on('data', () => {})),
  )
  const answer = await finished(caller)
  await Promise.all(extra)
  expect(isAlive(answer.envelope.data.background_pid)).toBe(true)
  expect((await launcher.sh(answer.envelope.data.cleanup_command)).code).toBe(0)
})

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1')
