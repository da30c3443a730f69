/** `start`: any program as a background run, with a lifetime of its own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SLEEPER, script } from '../background/programs.js'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { isAlive } from '../harness/witness.js'

test('a program is started, answered with all that names it, and ended by the command that the answer gives', async () => {
  const sandbox = Sandbox.create()
  const { code, envelope } = await sandbox.call(['start', '--', ...SLEEPER])
  expect(code, JSON.stringify(envelope)).toBe(0)
  const { data } = envelope
  expect(data).toMatchObject({
    effect: 'created',
    background_pid: expect.any(Number),
    run_id: expect.stringMatching(/^[0-9a-f]{12}$/),
    session_id: expect.any(String),
    pid_file: expect.any(String),
    log_path: expect.any(String),
  })
  expect(isAlive(data.background_pid)).toBe(true)
  const shown = await sandbox.call(['show', data.run_id])
  expect(shown.envelope.data).toMatchObject({
    status: 'running',
    command: [...SLEEPER],
    cwd: sandbox.path,
    max_lifetime_seconds: 86_400,
  })
  const cleaned = await sandbox.sh(data.cleanup_command)
  expect(cleaned.code, cleaned.stdout).toBe(0)
  expect(isAlive(data.background_pid)).toBe(false)
})

test('the options of a program are its own, with and without --', async () => {
  const sandbox = Sandbox.create()
  const tell = script(sandbox, 'tell', 'shift; echo "$@"; exec sleep 3600')
  for (const dashes of [['--'], []]) {
    const { envelope } = await sandbox.call([
      'start',
      ...dashes,
      ...tell,
      '--format',
      '-t',
      '--',
      'two\nlines',
    ])
    const { log_path, cleanup_command } = envelope.data
    await until('the words', () => readFileSync(log_path, 'utf8') === '--format -t -- two\nlines\n')
    expect((await sandbox.sh(cleanup_command)).code).toBe(0)
  }
})

test('--max-lifetime ends the program with nobody calling again', async () => {
  const sandbox = Sandbox.create()
  const { envelope } = await sandbox.call(['start', '--max-lifetime', '300ms', '--', ...SLEEPER])
  const waited = await sandbox.call(['wait', envelope.data.run_id])
  expect(waited.code, waited.stdout).toBe(0)
  const shown = await sandbox.call(['show', envelope.data.run_id])
  expect(shown.envelope.data).toMatchObject({ stop_cause: 'max_lifetime', max_lifetime_seconds: 0.3 })
  expect(isAlive(envelope.data.background_pid)).toBe(false)
})

test('--env and --cwd reach the program, over what the caller has', async () => {
  const sandbox = Sandbox.create()
  const directory = sandbox.directory('elsewhere')
  const { envelope } = await sandbox.call(
    [
      ...['start', '--cwd', 'elsewhere', '--env', 'COLOUR=blue=green', '--env', 'EMPTY=', '--env', 'TWICE=1'],
      ...['--env', 'TWICE=2', '--', 'sh', '-c', 'echo "$PWD|$COLOUR|$EMPTY|$TWICE"; exec sleep 3600'],
    ],
    { env: { COLOUR: 'red', EMPTY: 'full' } },
  )
  await until(
    'its words',
    () => readFileSync(envelope.data.log_path, 'utf8') === `${directory}|blue=green||2\n`,
  )
  expect((await sandbox.sh(envelope.data.cleanup_command)).code).toBe(0)
})

test('--schema tells what start is and --output-schema what it answers, a dry run included', async () => {
  const sandbox = Sandbox.create()
  const { envelope } = await sandbox.call(['start', '--schema'])
  expect(envelope.data).toMatchObject({
    danger_level: 'mutating',
    spawns_background_process: true,
    cleanup_command: 'chaperone stop',
    max_lifetime_seconds: 31_536_000,
  })
  const { Ajv } = await import('ajv')
  const schema = (await sandbox.call(['start', '--output-schema'])).envelope.data
  const fits = new Ajv({ strict: false }).compile(schema)
  const started = (await sandbox.call(['start', '--', ...SLEEPER])).envelope.data
  const planned = (await sandbox.call(['start', '--dry-run', '--', ...SLEEPER])).envelope.data
  expect(fits(started), JSON.stringify(fits.errors)).toBe(true)
  expect(fits(planned), JSON.stringify(fits.errors)).toBe(true)
  const { run_id: _, ...nameless } = started
  expect(fits(nameless)).toBe(false)
  expect((await sandbox.sh(started.cleanup_command)).code).toBe(0)
})

test('--dry-run starts and records nothing, and shows where each value comes from', async () => {
  const sandbox = Sandbox.create()
  const { code, envelope } = await sandbox.call([
    ...['start', '--dry-run', '--env', 'PORT=80', '--env', 'API_TOKEN=hush', '--', ...SLEEPER],
  ])
  expect(code).toBe(0)
  expect(envelope.data.effect).toBe('would_create')
  expect(envelope.data.plan).toMatchObject({
    argv: { value: [...SLEEPER], from: 'command_line' },
    cwd: { value: sandbox.path, from: 'caller' },
    'env.PORT': { value: '80', from: 'command_line' },
    'env.API_TOKEN': { value: '[REDACTED]', from: 'command_line' },
    max_lifetime: { value: '24h', from: 'default' },
  })
  expect(envelope.data).not.toHaveProperty('background_pid')
  expect(sandbox.survivors()).toEqual([])
  const { existsSync } = await import('node:fs')
  expect(existsSync(join(sandbox.state, 'runs'))).toBe(false)
})
