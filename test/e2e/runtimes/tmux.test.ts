/** What only the tmux runtime has: a terminal, its server, and `attach`. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { gone } from '../background/holders.js'
import { pidIn, SLEEPER, script } from '../background/programs.js'
import { onTerminal } from '../contract/harness/terminal.js'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { ADAPTERS } from './adapters.js'
import { parentOf } from './programs.js'
import type { World } from './worlds.js'

interface Handle {
  readonly socket: string
  readonly window: string
}

const world = (sandbox: Sandbox, start_options = ''): World => {
  const adapter = ADAPTERS.find(({ runtime }) => runtime === 'tmux')
  if (!adapter) throw new Error('the table has no tmux')
  return adapter.world(sandbox, { start_options })
}

const handleOf = async (tool: World, run_id: string): Promise<Handle> => (await tool.show(run_id)).handle

/** As a person with a shell would, beside everything of ours. */
const tmux = ({ socket }: Handle, ...words: readonly string[]): string =>
  execFileSync('tmux', ['-S', socket, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const screenOf = (handle: Handle): string => tmux(handle, 'capture-pane', '-p', '-t', handle.window)

const shown = (handle: Handle, text: string): Promise<true> =>
  until(`${JSON.stringify(text)} on the terminal`, () => screenOf(handle).includes(text) || null)

/** The command lines of those that sleep. */
const sleepers = (sandbox: Sandbox): string[] =>
  sandbox
    .survivors()
    .flatMap(({ command }) => (command.startsWith('sleep ') ? [command] : []))
    .sort()

/**
 * An environment in which tmux does something before, or instead of, what it is told.
 * @param linesOf lines of the shell, given the path of the real one
 */
function withTmux(sandbox: Sandbox, linesOf: (real: string) => string): { readonly PATH: string } {
  const real = execFileSync('sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).trim()
  const directory = sandbox.directory('fake')
  const lines = `#!/bin/sh\n${linesOf(real)}\nexec ${real} "$@"\n`
  writeFileSync(join(directory, 'tmux'), lines, { mode: 0o755 })
  return { PATH: `${directory}:${process.env['PATH']}` }
}

const serverOf = (handle: Handle): number => Number(tmux(handle, 'display-message', '-p', '#{pid}'))

test('Ctrl-C on the terminal reaches the program, and its owner lives to tell', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id } = await tool.start(['sh', '-c', 'echo waiting; exec sleep 3600'])
  const handle = await handleOf(tool, run_id)
  await shown(handle, 'waiting')
  tmux(handle, 'send-keys', '-t', handle.window, 'C-c')
  expect(await tool.endOf(run_id)).toMatchObject({
    signal: 'SIGINT',
    exit_reason: 'signal',
    stop_cause: null,
  })
  await sandbox.nothingLeft()
  expect(existsSync(handle.socket)).toBe(false)
})

test('a shell on the terminal has job control, and its jobs end with the run', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id } = await tool.start(['bash', '--norc', '-i'], { env: { PS1: 'ready> ' } })
  const handle = await handleOf(tool, run_id)
  const type = (...keys: readonly string[]) => tmux(handle, 'send-keys', '-t', handle.window, ...keys)
  await shown(handle, 'ready>')
  type(`sh -c 'echo $$ >"${sandbox.path}/job.pid"; exec sleep 3600'`, 'Enter')
  const job = await pidIn(sandbox, 'job')
  type('C-z')
  await shown(handle, 'Stopped')
  type('bg; echo back', 'Enter')
  await shown(handle, '\nback')
  expect(isAlive(job)).toBe(true)
  type('exit 5', 'Enter')
  expect(await tool.endOf(run_id)).toMatchObject({ exit_code: 5, stop_cause: null })
  expect(isAlive(job)).toBe(false)
  await sandbox.nothingLeft()
})

for (const [what, close] of [
  ['its window is closed', handle => void tmux(handle, 'kill-window', '-t', handle.window)],
  ['the server is told to end', handle => void tmux(handle, 'kill-server')],
  ['the server is killed', handle => void process.kill(serverOf(handle), 'SIGKILL')],
] satisfies readonly (readonly [string, (handle: Handle) => void])[]) {
  test(`when ${what} the run is ended, and recorded`, async () => {
    const sandbox = Sandbox.create()
    const tool = world(sandbox)
    const program = script(
      sandbox,
      'deaf',
      `trap '' HUP; setsid sh -c 'echo $$ >"$1/child.pid"; exec sleep 3600' sh "$1" & echo $$ >"$1/deaf.pid"; while :; do sleep 1; done`,
    )
    const { run_id } = await tool.start(program)
    const pids = [await pidIn(sandbox, 'deaf'), await pidIn(sandbox, 'child')]
    const handle = await handleOf(tool, run_id)
    close(handle)
    expect(await tool.endOf(run_id)).toMatchObject({ signal: 'SIGTERM', stop_cause: 'parent_signal' })
    expect(pids.filter(isAlive)).toEqual([])
    await sandbox.nothingLeft()
    expect(existsSync(handle.socket)).toBe(false)
  })
}

test('when the owner is killed its window and its server go too', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id, background_pid } = await tool.start(SLEEPER)
  const handle = await handleOf(tool, run_id)
  const server = serverOf(handle)
  process.kill(parentOf(background_pid), 'SIGKILL')
  expect(await tool.endOf(run_id)).toMatchObject({ stop_cause: 'owner_lost' })
  await gone(server)
  await sandbox.nothingLeft()
  expect(existsSync(handle.socket)).toBe(false)
})

test('the runs of a session share a server, which ends with the last of them; another session has its own', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const env = { SECRET_OF_THE_CALLER: 'x' }
  const [one, two, other] = [
    await tool.start(SLEEPER, { session: 'one', env }),
    await tool.start(SLEEPER, { session: 'one' }),
    await tool.start(SLEEPER, { session: 'two' }),
  ]
  const [first, second, apart] = [
    await handleOf(tool, one.run_id),
    await handleOf(tool, two.run_id),
    await handleOf(tool, other.run_id),
  ]
  expect(second.socket).toBe(first.socket)
  expect(apart.socket).not.toBe(first.socket)
  const [server, other_server] = [serverOf(first), serverOf(apart)]
  expect(serverOf(second)).toBe(server)
  expect(other_server).not.toBe(server)
  expect(readFileSync(`/proc/${server}/environ`, 'utf8')).not.toContain('SECRET_OF_THE_CALLER')
  await tool.stop(one.run_id)
  expect([isAlive(server), isAlive(two.background_pid)]).toEqual([true, true])
  await until('the window to go', () => !tmux(second, 'list-sessions').includes(one.run_id))
  // The server goes first; then whoever left it takes the socket away, and gives back the lock that it held for this.
  const left = (...names: readonly string[]) =>
    until(`nothing but ${names} beside the socket`, () =>
      isDeepStrictEqual(readdirSync(dirname(first.socket)), names),
    )
  await tool.stop(two.run_id)
  await gone(server)
  await left('two.sock')
  await tool.stop(other.run_id)
  await gone(other_server)
  await left()
})

/** Opened in the terminal's own session, they would keep it, and its server with it. */
const PANES = ['exec sleep 985', `trap "" HUP; exec sleep 986`]

for (const by of ['stop', 'session stop'] as const) {
  test(`what a program opens beside itself on its terminal ends by \`${by}\`, the server too, also where it ignores HUP`, async () => {
    const sandbox = Sandbox.create()
    const tool = world(sandbox)
    const open = PANES.map(line => `tmux split-window -d '${line}'; `).join('')
    const { run_id, session_id } = await tool.start(['sh', '-c', `${open} echo opened; sleep 3600`])
    const handle = await handleOf(tool, run_id)
    await shown(handle, 'opened')
    await until('all of them', () => sleepers(sandbox).length === PANES.length + 1)
    const { code, stdout, envelope } = await tool.call([
      ...by.split(' '),
      by === 'stop' ? run_id : session_id,
    ])
    expect(code, stdout).toBe(0)
    expect(envelope.data.stopped).toMatchObject([{ outcome: 'stopped', survivors: [] }])
    await sandbox.nothingLeft()
    expect(existsSync(handle.socket)).toBe(false)
  })
}

test('a shim that is killed as its terminal closes leaves nothing that was opened beside it', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const struck = join(sandbox.path, 'struck')
  const env = withTmux(
    sandbox,
    real => `case "$*" in *kill-session*) ${real} "$@"; : >"${struck}"; exec kill -KILL "$PPID"; esac`,
  )
  const { run_id, background_pid } = await tool.start(['sh', '-c', 'read -r line'], { env })
  const shim = parentOf(background_pid)
  const handle = await handleOf(tool, run_id)
  for (const line of PANES) tmux(handle, 'new-window', '-d', '-t', `${run_id}:`, line)
  await until('the windows', () => sleepers(sandbox).length === PANES.length)
  tmux(handle, 'send-keys', '-t', handle.window, 'Enter')
  await gone(shim)
  expect(existsSync(struck)).toBe(true)
  await sandbox.nothingLeft()
})

test('what somebody opens beside a program on its terminal ends with the run, the server too', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id } = await tool.start(['sh', '-c', 'read -r line'])
  const handle = await handleOf(tool, run_id)
  for (const line of PANES) tmux(handle, 'new-window', '-d', '-t', `${run_id}:`, line)
  tmux(handle, 'set-option', '-g', 'remain-on-exit', 'on')
  await until('the windows', () => sleepers(sandbox).length === PANES.length)
  tmux(handle, 'send-keys', '-t', handle.window, 'Enter')
  expect(await tool.endOf(run_id)).toMatchObject({ exit_code: 0 })
  await sandbox.nothingLeft()
  expect(existsSync(handle.socket)).toBe(false)
})

test('a session that somebody opened on the server outlives the runs within reach, until their session is stopped', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id, session_id } = await tool.start(SLEEPER)
  const handle = await handleOf(tool, run_id)
  tmux(handle, 'new-session', '-d', '-s', 'own', 'trap "" HUP; exec sleep 987')
  await tool.stop(run_id)
  await until('the window to go', () => !tmux(handle, 'list-sessions').includes(run_id))
  expect(tmux(handle, 'list-sessions', '-F', '#{session_name}')).toBe('own\n')
  const { code, envelope } = await tool.call(['session', 'stop', session_id])
  expect(sandbox.survivors()).toEqual([])
  expect([code, envelope.data.session_stopped, existsSync(handle.socket)]).toEqual([0, true, false])
})

test('a start meets the end of the last run of its session, again and again', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  let last = await tool.start(SLEEPER, { session: 'busy' })
  for (let i = 0; i < 4; i += 1) {
    const ending = tool.stop(last.run_id)
    const next = await tool.start(SLEEPER, { session: 'busy' })
    await ending
    // Whichever server it got: the way to it is there.
    await shown(await handleOf(tool, next.run_id), '')
    last = next
  }
  await tool.stop(last.run_id)
  await sandbox.nothingLeft()
  expect(readdirSync(join(sandbox.path, 'launcher-state', 'tmux'))).toEqual([])
})

test('a state directory of any length and any characters has terminals, and logs', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const directory = join(sandbox.path, "it's #{pid} #[x] %H $HOME `id`;", 'x'.repeat(120), 'end;')
  const env = { LAUNCHER_STATE_DIR: directory }
  const started = await tool.start(['sh', '-c', 'echo first; sleep 3600'], { env })
  expect(started.log_path.startsWith(directory)).toBe(true)
  const { envelope } = await tool.call(['attach', started.run_id], { env })
  const { handle } = envelope.data
  expect(Buffer.byteLength(handle.socket)).toBeLessThan(108)
  await shown(handle, 'first')
  await until('the log', () => readFileSync(started.log_path, 'utf8') === 'first\r\n')
  const stopped = await tool.call(['stop', started.run_id], { env })
  expect(stopped.code, stopped.stdout).toBe(0)
  await sandbox.nothingLeft()
  expect(existsSync(handle.socket)).toBe(false)
  // A server that was killed leaves it, wherever it lies.
  tmux(handle, '-f', '/dev/null', 'new-session', '-d', 'true')
  await until('the server to end', () => spawnSync('tmux', ['-S', handle.socket, 'ls']).status !== 0)
  const { envelope: cleaned } = await tool.call(['cleanup'], { env })
  expect(cleaned.data.cleaned).toEqual([expect.objectContaining({ path: handle.socket, type: 'temp' })])
  expect(existsSync(handle.socket)).toBe(false)
})

test('without tmux a start is refused, names the package, and leaves no record', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const bin = sandbox.directory('poor')
  symlinkSync('/bin/sleep', join(bin, 'sleep'))
  // It is there for who is in this directory, and not for who starts it.
  symlinkSync('/bin/true', join(sandbox.directory('near'), 'tmux'))
  const env = { PATH: `${bin}:near` }
  const { code, envelope } = await tool.call(['launch'], {
    env: { ...env, PROGRAM: JSON.stringify(SLEEPER) },
  })
  expect(code).toBe(4)
  expect(envelope.error).toMatchObject({
    code: 'TMUX_MISSING',
    fix_required: expect.stringContaining('`tmux`'),
  })
  expect((await tool.call(['ps', '--all'])).envelope.data.runs).toEqual([])
  const doctor = await tool.call(['doctor'], { env })
  expect(doctor.envelope.data.checks).toContainEqual(
    expect.objectContaining({ name: 'tmux', fix: expect.any(String) }),
  )
  const { envelope: usual } = await tool.call(['doctor'])
  expect(usual.data.checks).toContainEqual({
    name: 'tmux',
    ok: true,
    detail: expect.stringMatching(/\/tmux$/),
  })
})

test('a start that fails leaves no server, and no file of one', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  expect(await tool.refused('/nonexistent/program')).toMatchObject({ code: 'START_FAILED' })
  await sandbox.nothingLeft()
  expect(readdirSync(join(tool.state, 'tmux'))).toEqual([])
})

test('a start for which tmux opens no window leaves no file of a server', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const env = withTmux(
    sandbox,
    real => `case "$*" in *new-session*) ${real} -S "$2" -f /dev/null new-session -d true; exit 1; esac`,
  )
  const PROGRAM = JSON.stringify(SLEEPER)
  const { code, envelope } = await tool.call(['launch'], { env: { ...env, PROGRAM } })
  expect([code, envelope.error.code]).toEqual([1, 'START_FAILED'])
  await sandbox.nothingLeft()
  expect(readdirSync(join(tool.state, 'tmux'))).toEqual([])
})

test('cleanup removes the socket and the lock of who died over them, and nothing of a server that lives', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id } = await tool.start(SLEEPER, { session: 'live' })
  const handle = await handleOf(tool, run_id)
  const directory = dirname(handle.socket)
  const dead = join(directory, 'dead.sock')
  tmux({ ...handle, socket: dead }, '-f', '/dev/null', 'new-session', '-d', 'true')
  const locks = ['dead', 'gone', 'busy'].map(name => join(directory, `${name}.sock.start.lock`))
  const long_ago = Date.now() / 1_000 - 60
  for (const path of locks) {
    mkdirSync(path)
    if (!path.includes('busy')) utimesSync(path, long_ago, long_ago)
  }
  await until('the server to end', () => spawnSync('tmux', ['-S', dead, 'has-session']).status !== 0)
  const stale = ['dead.sock', 'gone.sock.start.lock'].map(name => join(directory, name))
  const would = await tool.call(['cleanup', '--dry-run'])
  expect(would.envelope.data.would_affect.paths).toEqual(expect.arrayContaining(stale))
  expect(stale.every(path => existsSync(path))).toBe(true)
  const { code, stdout, envelope } = await tool.call(['cleanup'])
  expect(code, stdout).toBe(0)
  expect(envelope.data.cleaned.map(({ path }: { path: string }) => path)).toEqual(
    expect.arrayContaining(stale),
  )
  expect(readdirSync(directory).sort()).toEqual(['busy.sock.start.lock', 'live.sock'])
  await shown(handle, '')
  await tool.stop(run_id)
})

test('a server that was started inside a run outlives it for the runs of others', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const starter = script(
    sandbox,
    'starter',
    `PROGRAM='["sleep","3600"]' "${process.execPath}" "${tool.script}" launch --session shared >"$1/inner.json"; echo $$ >"$1/starter.pid"; sleep 3600`,
  )
  const outer = await tool.start(starter, { session: 'outer' })
  await pidIn(sandbox, 'starter')
  const inner = JSON.parse(readFileSync(join(sandbox.path, 'inner.json'), 'utf8')).data
  const other = await tool.start(SLEEPER, { session: 'shared' })
  const handle = await handleOf(tool, other.run_id)
  expect((await handleOf(tool, inner.run_id)).socket).toBe(handle.socket)
  const server = serverOf(handle)
  expect(await tool.stop(outer.run_id)).toMatchObject({ outcome: 'stopped', survivors: [] })
  expect(await tool.endOf(inner.run_id)).toMatchObject({ stop_cause: 'parent_run' })
  expect([isAlive(inner.background_pid), isAlive(other.background_pid), isAlive(server)]).toEqual([
    false,
    true,
    true,
  ])
  await tool.stop(other.run_id)
  await gone(server)
})

test('a server is none of a run: it is neither counted nor reported nor ended', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id, background_pid } = await tool.start(['sh', '-c', 'sleep 0.2; exit 0'], { session: 'two' })
  const other = await tool.start(SLEEPER, { session: 'two' })
  const end = await tool.endOf(run_id)
  expect(end).toMatchObject({ descendants_killed: 0, survivors: [], leftovers: [] })
  expect(isAlive(background_pid)).toBe(false)
  expect(isAlive(parentOf(parentOf(other.background_pid)))).toBe(true)
  await tool.stop(other.run_id)
})

test('attach opens the terminal, hands over keys and screen, and leaves it as it was', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id } = await tool.start([
    'sh',
    '-c',
    'echo hello; while read -r line; do echo "got <$line>"; done',
  ])
  const line = `stty -a >before; "${process.execPath}" "${tool.script}" attach ${run_id}; echo "left with $?"; stty -a >after; cmp before after && echo same`
  const { screen, code } = await onTerminal(sandbox, line, { env: tool.env }, async keys => {
    await keys.pressUntil('abc\r', 'hello', 'got <abc>')
    await keys.pressUntil('\u0002d', 'got <abc>', '[detached')
  })
  expect(code, screen).toBe(0)
  expect(screen).toContain('left with 0')
  expect(screen).toContain('same')
  expect(screen).not.toContain('"ok"')
  expect(await tool.show(run_id)).toMatchObject({ status: 'running' })
  await tool.stop(run_id)
})

test('attach returns when the run ends', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id } = await tool.start(['sh', '-c', 'echo hello; read -r line; exit 9'])
  const line = `"${process.execPath}" "${tool.script}" attach ${run_id}; echo "left with $?"`
  const { screen } = await onTerminal(sandbox, line, { env: tool.env }, keys =>
    keys.pressUntil('go\r', 'hello', 'left with'),
  )
  expect(screen).toContain('left with 0')
  expect(await tool.endOf(run_id)).toMatchObject({ exit_code: 9 })
})

test('a TERM to attach gives the terminal back, and leaves the run alone', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id } = await tool.start(['sh', '-c', 'echo hello; sleep 3600'])
  const line = `"${process.execPath}" "${tool.script}" attach ${run_id} & echo $! >attach.pid; fg >/dev/null; echo "left with $?"; stty -a | grep -c ' icanon'`
  const { screen } = await onTerminal(sandbox, `set -m; ${line}`, { env: tool.env }, async keys => {
    await until('the screen', () => keys.screen.includes('hello'))
    process.kill(await pidIn(sandbox, 'attach'), 'SIGTERM')
  })
  expect(screen).toContain('left with 143')
  expect(screen.trim().endsWith('1')).toBe(true)
  expect(await tool.show(run_id)).toMatchObject({ status: 'running', alive: true })
  await tool.stop(run_id)
})

test('off a terminal, or where JSON is asked for, attach answers with the exact command', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id } = await tool.start(['sh', '-c', 'echo hello; sleep 3600'])
  const { code, envelope } = await tool.call(['attach', run_id.slice(0, 6)])
  expect(code).toBe(0)
  const handle = await handleOf(tool, run_id)
  expect(envelope.data).toEqual({
    run_id,
    handle,
    attach_command: `tmux -S ${handle.socket} attach-session -t ${handle.window}`,
    attached: false,
  })
  const json = `"${process.execPath}" "${tool.script}" attach ${run_id} --format json`
  const answered = await onTerminal(sandbox, json, { env: tool.env })
  expect(JSON.parse(answered.screen).data).toEqual(envelope.data)
  // The command, as it stands.
  const { screen } = await onTerminal(sandbox, envelope.data.attach_command, {}, keys =>
    keys.pressUntil('\u0002d', 'hello', '[detached'),
  )
  expect(screen).toContain('[detached')
  await tool.stop(run_id)
  const ended = await tool.call(['attach', run_id])
  expect({ code: ended.code, error: ended.envelope.error }).toMatchObject({
    code: 5,
    error: { code: 'RUN_NOT_RUNNING' },
  })
  const unknown = await tool.call(['attach', 'ffffffffffff'])
  expect({ code: unknown.code, error: unknown.envelope.error }).toMatchObject({
    code: 5,
    error: { code: 'RUN_NOT_FOUND' },
  })
  expect((await tool.call(['attach', 'nonsense'])).code).toBe(2)
})

test('output that somebody holds back on the terminal keeps no run alive', async () => {
  const sandbox = Sandbox.create()
  const tool = world(sandbox)
  const { run_id } = await tool.start(['sh', '-c', 'echo begin; read -r line; yes'])
  const handle = await handleOf(tool, run_id)
  await shown(handle, 'begin')
  tmux(handle, 'send-keys', '-t', handle.window, 'C-s')
  tmux(handle, 'send-keys', '-t', handle.window, 'Enter')
  expect(await tool.stop(run_id)).toMatchObject({ outcome: 'stopped' })
  expect(await tool.endOf(run_id)).toMatchObject({ stop_cause: 'user' })
  await sandbox.nothingLeft()
})
