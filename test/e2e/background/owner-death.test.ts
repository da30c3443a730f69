/** Whoever of ours dies, at whatever moment: what it held is ended, or shown as lost and ended by the next who asks. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { findShim, gone, guardOf, shimOf } from './holders.js'
import { Launcher } from './launcher.js'
import { family, familyOf, pidIn, SLEEPER, stubborn } from './programs.js'

/** A deadline for a test that starts dozens of runs on a busy machine, in ms. */
const MANY = 180_000

/** Kills owner and guard so that neither can act on the other's death. */
function killHolders(sandbox: Sandbox, run_id: string): void {
  const shim = shimOf(sandbox, run_id)
  process.kill(guardOf(sandbox, shim), 'SIGKILL')
  process.kill(shim, 'SIGKILL')
}

const programs = (sandbox: Sandbox): string[] =>
  sandbox
    .survivors()
    .map(({ command }) => command)
    .filter(command => command.startsWith('sleep'))

const runsIn = (state: string): string[] =>
  existsSync(join(state, 'runs')) ? readdirSync(join(state, 'runs')) : []

/** The id of the session's run, as soon as anything of it is on the disk. */
function intentOf(state: string, session: string): string | null {
  return (
    runsIn(state).find(run_id =>
      readIfThere(join(state, 'runs', run_id, 'intent.json')).includes(`"${session}"`),
    ) ?? null
  )
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

test.each([
  { ender: 'stop', argv: (run_id: string) => ['stop', run_id] },
  { ender: 'cleanup', argv: () => ['cleanup'] },
  { ender: 'session stop', argv: (_run_id: string, session: string) => ['session', 'stop', session] },
])(
  'a run whose owner and guard were both killed is shown as lost, and `$ender` ends its whole tree',
  async ({ argv }) => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox)
    const { background_pid, run_id, session_id } = await launcher.launch(family(sandbox))
    const pids = [background_pid, ...(await familyOf(sandbox))]
    killHolders(sandbox, run_id)

    await until('ps to tell', async () => {
      const { envelope } = await launcher.call(['ps'])
      return envelope.data.runs.some((run: { owner: string }) => run.owner === 'lost')
    })
    const ps = await launcher.call(['ps'])
    expect(ps.envelope.data.runs).toMatchObject([{ run_id, status: 'running', owner: 'lost' }])
    expect(pids.filter(isAlive), 'a command that reads ends nothing').toEqual(pids)

    const ended = await launcher.call(argv(run_id, session_id))
    expect(pids.filter(isAlive)).toEqual([])
    expect(ended.code, ended.stdout).toBe(0)
    expect(ended.envelope.data.stopped).toMatchObject([{ run_id, outcome: 'stopped', survivors: [] }])
    expect((await launcher.call(['ps'])).envelope.data.runs).toEqual([])
    await sandbox.nothingLeft()
  },
)

test('a shim killed at any moment of the start leaves nothing running, and every run has one end', {
  timeout: MANY,
}, async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const killed = async (delay: number): Promise<void> => {
    const session = `after-${delay}`
    const call = finished(
      sandbox.spawn(['launch', '--session', session, '--', ...SLEEPER], launcher.with({})),
    )
    const run_id = await until('the intent', () => intentOf(launcher.state, session))
    const shim = await until('the shim', () => findShim(sandbox, run_id))
    await new Promise(resolve => setTimeout(resolve, delay))
    process.kill(shim, 'SIGKILL')

    const answer = await call
    const { ok, data, error } = answer.envelope
    if (ok) await gone(data.background_pid)
    else expect(error.code, answer.stdout).toMatch(/^(START_FAILED|STATE_DIR_UNAVAILABLE)$/)
    expect(await launcher.endOf(run_id)).toMatchObject({ run_id })
  }
  for (let delay = 0; delay < 200; delay += 40)
    await Promise.all([0, 8, 16, 24, 32].map(more => killed(delay + more)))
  await sandbox.nothingLeft()
  expect((await launcher.call(['ps'])).envelope.data.runs).toEqual([])
})

test('a starter killed at any moment before its answer leaves nothing running, and nothing that looks as if it ran', {
  timeout: MANY,
}, async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { spawn_options: '{ ready: { log: /never/ } }' })
  const killed = async (delay: number): Promise<void> => {
    const session = `after-${delay}`
    const starter = sandbox.spawn(['launch', '--session', session, '--', ...SLEEPER], launcher.with({}))
    const call = finished(starter)
    await until('the intent', () => intentOf(launcher.state, session))
    await new Promise(resolve => setTimeout(resolve, delay))
    starter.kill('SIGKILL')
    expect((await call).stdout).toBe('')
  }
  for (let delay = 0; delay < 400; delay += 100)
    await Promise.all([0, 20, 40, 60, 80].map(more => killed(delay + more)))
  await sandbox.nothingLeft()

  expect((await launcher.call(['cleanup'])).code).toBe(0)
  expect((await launcher.call(['ps'])).envelope.data.runs).toEqual([])
  const all = (await launcher.call(['ps', '--all', '--limit', '0'])).envelope.data.runs
  expect(all).toHaveLength(20)
  for (const { status, owner, leftovers } of all) {
    expect(['failed', 'killed']).toContain(status)
    expect({ owner, leftovers }).toEqual({ owner: 'none', leftovers: 0 })
  }
})

test('a starter that is stopped in the middle of a start can be overtaken: the session is stopped, and nothing starts any more', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  for (let tries = 1; ; tries += 1) {
    const starter = sandbox.spawn(['launch', '--session', 'held', '--', ...SLEEPER], launcher.with({}))
    const call = finished(starter)
    await until(
      'the intent',
      () => existsSync(join(launcher.state, 'live')) && readdirSync(join(launcher.state, 'live'))[0],
    )
    starter.kill('SIGSTOP')

    const stopped = await launcher.call(['session', 'stop', 'held'])
    expect(stopped.code, stopped.stdout).toBe(0)
    expect(stopped.envelope.data).toMatchObject({ session_stopped: true, stopped: [{ outcome: 'stopped' }] })
    expect(programs(sandbox)).toEqual([])

    starter.kill('SIGCONT')
    const answer = await call
    await sandbox.nothingLeft()
    // Its answer was on the way before the signal came: that one was not overtaken.
    if (answer.envelope.ok && tries < 10) continue
    expect(answer.envelope.ok, answer.stdout).toBe(false)
    return
  }
})

test('a shim that hangs in the middle of a start is not waited for beyond the limit of the call, and starts nothing later', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { run_id, fifo, call } = await stuckStart(launcher)
  const answer = await call
  expect(answer.code, answer.stdout).toBe(10)
  expect(answer.envelope.error.code).toBe('TIMEOUT')
  expect(findShim(sandbox, run_id), 'it hangs still').not.toBe(null)
  expect(programs(sandbox)).toEqual([])

  await sandbox.sh(`timeout 10 cat "${fifo}"`)
  await sandbox.nothingLeft()
  const shown = await launcher.call(['show', run_id])
  expect(shown.envelope.data).toMatchObject({ status: 'failed', exit_reason: 'start_failed', owner: 'none' })
})

test('an invocation killed while it runs a tracked child takes the whole tree of the child with it', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { body: 'await ctx.run(args.program)\nreturn { launched: true }' })
  const starter = sandbox.spawn(['launch', '--', ...family(sandbox)], launcher.with({}))
  const pids = await familyOf(sandbox)
  starter.kill('SIGKILL')

  for (const pid of pids) await gone(pid)
  await sandbox.nothingLeft()
  const [run_id = ''] = runsIn(launcher.state)
  expect(await launcher.endOf(run_id)).toMatchObject({ stop_cause: 'owner_lost', survivors: [] })
  expect(readdirSync(join(launcher.state, 'live'))).toEqual([])
})

test('a run whose records were removed under it is ended: nobody could find or stop it any more', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid } = await launcher.launch(family(sandbox))
  const pids = [background_pid, ...(await familyOf(sandbox))]
  rmSync(launcher.state, { recursive: true })

  for (const pid of pids) await gone(pid)
  await sandbox.nothingLeft()
})

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s to the shim ends the run and says so',
  async signal => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox)
    const { background_pid, run_id } = await launcher.launch(SLEEPER)
    process.kill(shimOf(sandbox, run_id), signal)

    expect(await launcher.endOf(run_id)).toMatchObject({
      stop_cause: 'parent_signal',
      exit_reason: 'signal',
      signal: 'SIGTERM',
    })
    expect(isAlive(background_pid)).toBe(false)
    await sandbox.nothingLeft()
  },
)

test('SIGUSR1 does not turn the shim into a debugger, and does not end it', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id, cleanup_command } = await launcher.launch(SLEEPER)
  const shim = shimOf(sandbox, run_id)
  // A debugger listens; files are opened and closed at every look.
  const sockets = () =>
    readdirSync(`/proc/${shim}/fd`)
      .map(fd => target(`/proc/${shim}/fd/${fd}`))
      .filter(isSocket)
  const before = sockets()
  process.kill(shim, 'SIGUSR1')

  const stopped = await launcher.sh(cleanup_command, {
    started: () => {
      expect(isAlive(background_pid)).toBe(true)
      expect(before).toEqual(expect.arrayContaining(sockets()))
    },
  })
  expect(stopped.code).toBe(0)
})

const isSocket = (link: string): boolean => link.startsWith('socket:')

/** Empty for a descriptor that was closed meanwhile. */
function target(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

test('a shim that can open nothing for a while neither dies of it nor forgets what it was asked', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id } = await launcher.launch(family(sandbox))
  const pids = [background_pid, ...(await familyOf(sandbox))]
  const shim = shimOf(sandbox, run_id)
  // What is open stays open, and nothing more can be opened (getrlimit(2), RLIMIT_NOFILE).
  const limit = (soft: number) => sandbox.sh(`prlimit --pid=${shim} --nofile=${soft}:4096`)
  expect((await limit(3)).code).toBe(0)
  const hung = await launcher.call(['stop', '--kill-after', '0', '--timeout', '5s', run_id])
  expect([hung.code, hung.envelope.error.code], hung.stdout).toEqual([10, 'TIMEOUT'])
  expect([shim, ...pids].filter(isAlive)).toEqual([shim, ...pids])

  expect((await limit(1_024)).code).toBe(0)
  for (const pid of pids) await gone(pid)
  expect(await launcher.endOf(run_id)).toMatchObject({ stop_cause: 'user', survivors: [] })
  await sandbox.nothingLeft()
})

test('a guard that was killed alone costs nothing: the run goes on and is stopped as ever', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id, cleanup_command } = await launcher.launch(SLEEPER)
  const guard = guardOf(sandbox, shimOf(sandbox, run_id))
  process.kill(guard, 'SIGKILL')
  await gone(guard)

  expect((await launcher.call(['ps'])).envelope.data.runs).toMatchObject([{ owner: 'alive' }])
  expect(isAlive(background_pid)).toBe(true)
  const stopped = await launcher.sh(cleanup_command)
  expect(stopped.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', stop_cause: 'user' }])
})

test('a stop that is killed in the middle of its work is finished by the next one', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id } = await launcher.launch(stubborn(sandbox))
  await pidIn(sandbox, 'stubborn')
  killHolders(sandbox, run_id)
  const stopper = sandbox.spawn(['stop', '--kill-after', '10m', run_id], launcher.with({}))
  const answer = finished(stopper)
  await until('the request', () => existsSync(join(launcher.state, 'runs', run_id, 'stop.json')))
  stopper.kill('SIGKILL')
  expect((await answer).stdout).toBe('')
  expect(isAlive(background_pid)).toBe(true)

  const next = await launcher.call(['stop', '--kill-after', '200ms', run_id])
  expect(isAlive(background_pid)).toBe(false)
  expect(next.envelope.data.stopped).toMatchObject([{ outcome: 'stopped', exit_reason: 'forced_kill' }])
  await sandbox.nothingLeft()
})

/** A start whose shim hangs where it opens the log: opening a FIFO for writing waits for a reader (fifo(7)). */
async function stuckStart(launcher: Launcher) {
  for (let tries = 1; ; tries += 1) {
    const session = `stuck${tries}`
    const call = launcher.call(['launch', '--timeout', '3s', '--session', session, '--', ...SLEEPER])
    const run_id = await until('the intent', () => intentOf(launcher.state, session))
    const fifo = join(launcher.state, 'runs', run_id, 'output.log')
    try {
      execFileSync('mkfifo', [fifo], { stdio: 'ignore' })
      return { run_id, fifo, call }
    } catch (error) {
      // The shim has opened its log already.
      if (tries >= 10) throw error
      await call
      await launcher.call(['session', 'stop', session])
    }
  }
}
