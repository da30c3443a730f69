/** What becomes of a background run when its call does not end as it should: the caller never learned the pid, so it ends. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { finished, Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'
import { Launcher } from './launcher.js'
import { pidIn, SLEEPER, script, stubborn } from './programs.js'

const SPAWN = 'await ctx.background.spawn(args.program, SPAWN_OPTIONS)'

const programs = (sandbox: Sandbox): string[] =>
  sandbox
    .survivors()
    .map(({ command }) => command)
    .filter(command => command.startsWith('sleep'))

test('a handler that fails after the start ends the run before the failure is answered', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, {
    body: `${SPAWN}\nthrow ctx.exit.CONFLICT('told to fail', { code: 'TOLD_TO' })`,
  })
  const { code, envelope } = await launcher.call(['launch', '--', ...SLEEPER])
  expect(programs(sandbox)).toEqual([])
  expect(code).toBe(6)
  expect(envelope.error.code).toBe('TOLD_TO')
  expect(envelope.data).toBe(null)
  await sandbox.nothingLeft()
  const runs = (await launcher.call(['ps', '--all'])).envelope.data.runs
  expect(runs).toMatchObject([{ status: 'killed', owner: 'none' }])
})

test('a handler that answers what its contract does not allow ends the run', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { body: `${SPAWN}\nreturn { launched: 'perhaps' }` })
  const { code, envelope } = await launcher.call(['launch', '--', ...SLEEPER])
  expect(programs(sandbox)).toEqual([])
  expect(code).toBe(1)
  expect(envelope.error.code).toBe('OUTPUT_INVALID')
  await sandbox.nothingLeft()
})

test('a second start throws, starts nothing, and where the handler lives with that the first one stands', async () => {
  const sandbox = Sandbox.create()
  const marker = join(sandbox.path, 'second')
  const launcher = new Launcher(sandbox, {
    body: `${SPAWN}
    try {
      await ctx.background.spawn(['touch', ${JSON.stringify(marker)}])
    } catch (error) {
      return { launched: error.details.code === 'BACKGROUND_ALREADY_STARTED' }
    }`,
  })
  const { background_pid, cleanup_command, ...data } = await launcher.launch(SLEEPER)
  expect(data).toMatchObject({ launched: true })
  expect(isAlive(background_pid)).toBe(true)
  expect((await launcher.call(['ps', '--all'])).envelope.data.runs).toHaveLength(1)
  expect((await launcher.sh(cleanup_command)).code).toBe(0)
  expect(existsSync(marker)).toBe(false)
})

test('a second start that the handler does not catch fails the call and ends the first', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { body: `${SPAWN}\n${SPAWN}\nreturn { launched: true }` })
  const { code, envelope } = await launcher.call(['launch', '--', ...SLEEPER])
  expect(code).toBe(1)
  expect(envelope.error.code).toBe('BACKGROUND_ALREADY_STARTED')
  await sandbox.nothingLeft()
})

test('a handler that starts nothing is BACKGROUND_NOT_STARTED', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { body: 'return { launched: true }' })
  const { code, envelope } = await launcher.call(['launch', '--', ...SLEEPER])
  expect(code).toBe(1)
  expect(envelope.error).toMatchObject({ code: 'BACKGROUND_NOT_STARTED', retryable: false })
  expect(existsSync(launcher.state)).toBe(false)
})

test('a start that the handler does not wait for is ended: its pid is in no answer', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, {
    body: 'void ctx.background.spawn(args.program).catch(() => {})\nreturn { launched: true }',
  })
  const { code, envelope } = await launcher.call(['launch', '--', ...SLEEPER])
  expect(programs(sandbox)).toEqual([])
  expect(code).toBe(1)
  expect(envelope.error.code).toBe('BACKGROUND_NOT_STARTED')
  await sandbox.nothingLeft()
  expect((await launcher.call(['ps'])).envelope.data.runs).toEqual([])
})

test('the framework fields are no matter of the handler: what it forges is not answered', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, {
    body: `${SPAWN}\nreturn { launched: true, background_pid: 1, cleanup_command: 'rm -rf /', run_id: 'mine' }`,
  })
  const { envelope } = await launcher.call(['launch', '--', ...SLEEPER])
  expect(envelope.data?.background_pid).not.toBe(1)
  expect(envelope.data?.cleanup_command).not.toBe('rm -rf /')
  if (envelope.ok) expect((await launcher.sh(envelope.data.cleanup_command)).code).toBe(0)
  await sandbox.nothingLeft()
})

test('an answer that nobody reads ends the run, silently', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const caller = sandbox.spawn(['launch', '--', ...SLEEPER], launcher.with({}))
  caller.stdout?.destroy()
  const { code, stderr } = await finished(caller)
  expect(programs(sandbox)).toEqual([])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  await sandbox.nothingLeft()
})

test.each([
  { signal: 'SIGTERM', code: 143 },
  { signal: 'SIGINT', code: 130 },
  { signal: 'SIGHUP', code: 129 },
] as const)(
  '$signal while the start waits for readiness ends the run, then answers',
  async ({ signal, code }) => {
    const sandbox = Sandbox.create()
    const launcher = new Launcher(sandbox, { spawn_options: '{ ready: { log: /never/ } }' })
    const caller = sandbox.spawn(['launch', '--', ...stubborn(sandbox)], launcher.with({}))
    const answer = finished(caller)
    const pid = await pidIn(sandbox, 'stubborn')
    caller.kill(signal)

    const { envelope, ...exit } = await answer
    expect(isAlive(pid)).toBe(false)
    expect(exit.code).toBe(code)
    expect(envelope.error.code).toBe('CANCELLED')
    expect(envelope.data).toMatchObject({ partial: true })
    await sandbox.nothingLeft()
  },
)

test('a call whose time is over ends the run that it was still starting', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { spawn_options: '{ ready: { log: /never/ } }' })
  const { code, envelope } = await launcher.call(['launch', '--timeout', '2s', '--', ...SLEEPER])
  expect(programs(sandbox)).toEqual([])
  expect(code).toBe(10)
  expect(envelope.error.code).toBe('TIMEOUT')
  await sandbox.nothingLeft()
})

test('a program that ends before it is ready fails the start with its code and its last lines', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { spawn_options: '{ ready: { log: /^ready/ } }' })
  const program = script(sandbox, 'fails', 'echo first; echo "no port left" >&2; exit 3')
  const { code, envelope } = await launcher.call(['launch', '--', ...program])
  expect(code).toBe(1)
  expect(envelope.error).toMatchObject({
    code: 'NOT_READY',
    context: { program_exit_code: 3, program_signal: null, last_lines: ['first', 'no port left'] },
  })
  await sandbox.nothingLeft()
})

test('a program that is not ready in time is ended: READY_TIMEOUT, exit 10, with its last lines', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, {
    spawn_options: '{ ready: { log: /^ready/, timeout_seconds: 3 } }',
  })
  const program = script(sandbox, 'slow', 'echo starting; exec sleep 3600')
  const { code, envelope } = await launcher.call(['launch', '--', ...program])
  expect(programs(sandbox)).toEqual([])
  expect(code).toBe(10)
  expect(envelope.error).toMatchObject({ code: 'READY_TIMEOUT', context: { last_lines: ['starting'] } })
  await sandbox.nothingLeft()
})

test('readiness is seen in a line that comes in pieces, among lines of every kind, by an expression with the flag g', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox, { spawn_options: '{ ready: { log: /^bereit: käse$/gm } }' })
  const program = script(
    sandbox,
    'pieces',
    String.raw`printf 'bereit: kein'; head -c 300000 /dev/zero | tr '\0' x; printf '\nbereit: k\303'; sleep 0.3; printf '\244se\n'; exec sleep 3600`,
  )
  const { background_pid, cleanup_command } = await launcher.launch(program)
  expect(isAlive(background_pid)).toBe(true)
  expect((await launcher.sh(cleanup_command)).code).toBe(0)
})

test('a run that is there already can be the answer, and is not ended by what happens to the call', async () => {
  const sandbox = Sandbox.create()
  const first = new Launcher(sandbox)
  const started = await first.launch(SLEEPER, { session: 'first' })
  const body = (end: string) => `await ctx.background.existing(args.program[0])\n${end}`
  const again = new Launcher(sandbox, { body: body('return { launched: false }') })
  expect(await again.launch([started.run_id])).toEqual({ ...started, launched: false })

  const failing = new Launcher(sandbox, { body: body(`throw ctx.exit.CONFLICT('told to fail')`) })
  expect((await failing.call(['launch', '--', started.run_id])).code).toBe(6)
  expect(isAlive(started.background_pid)).toBe(true)

  const unknown = await again.call(['launch', '--', 'not-an-id'])
  expect(unknown.code).toBe(5)
  expect(unknown.envelope.error.code).toBe('RUN_NOT_RUNNING')
  expect((await first.sh(started.cleanup_command)).code).toBe(0)
  expect((await again.call(['launch', '--', started.run_id])).code).toBe(5)
})

test('a session that is being stopped takes no new run', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  await launcher.launch(stubborn(sandbox), { session: 'closing' })
  const pid = await pidIn(sandbox, 'stubborn')
  const stopping = launcher.call(['session', 'stop', '--kill-after', '60s', 'closing'])
  const mark = join(launcher.state, 'sessions', 'closing', 'stopping.json')
  await until('the mark', () => existsSync(mark) && readFileSync(mark, 'utf8'))

  const refused = await launcher.call(['launch', '--session', 'closing', '--', ...SLEEPER])
  expect(refused.code).toBe(6)
  expect(refused.envelope.error.code).toBe('SESSION_STOPPING')
  const elsewhere = await launcher.launch(SLEEPER, { session: 'open' })
  process.kill(pid, 'SIGKILL')
  expect((await stopping).envelope.data).toMatchObject({ session_stopped: true })
  expect(isAlive(elsewhere.background_pid)).toBe(true)
  expect((await launcher.sh(elsewhere.cleanup_command)).code).toBe(0)
  await launcher.launch(['true'], { session: 'closing' })
})
