/** `cleanup`: the files that commands declare, by type and age, and the processes that nobody needs, by their own command. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { isAlive } from '../harness/witness.js'
import { Launcher } from './launcher.js'
import { SLEEPER } from './programs.js'

const TYPES = ['temp', 'cache', 'log', 'output', 'config', 'credential'] as const

/** A tool that declares one path of each type below the sandbox; each is made, a directory with a file in it. */
function declaring(sandbox: Sandbox): { tool: string; paths: Record<(typeof TYPES)[number], string> } {
  const paths = Object.fromEntries(
    TYPES.map(type => [type, join(sandbox.path, `declared-${type}`)]),
  ) as Record<(typeof TYPES)[number], string>
  const source = readFileSync(new Launcher(sandbox, { name: 'plain' }).script, 'utf8').replace(
    'flags: {},',
    `filesystem_side_effects: ${JSON.stringify(TYPES.map(type => ({ path: paths[type], type })))},\n  flags: {},`,
  )
  for (const path of Object.values(paths)) {
    mkdirSync(path)
    writeFileSync(join(path, 'file'), 'x'.repeat(10_000))
  }
  return { tool: sandbox.tool('declaring', source), paths }
}

const left = (paths: Record<string, string>): string[] =>
  Object.entries(paths)
    .filter(([, path]) => existsSync(path))
    .map(([type]) => type)

test('REQ-O-027: cleanup --scope temp removes every path declared as temp, and nothing else', async () => {
  const sandbox = Sandbox.create()
  const { tool, paths } = declaring(sandbox)
  const { code, envelope } = await sandbox.call(['cleanup', '--scope', 'temp'], { script: tool })
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(envelope.data.cleaned.map(({ path }: { path: string }) => path)).toContain(paths.temp)
  expect(left(paths)).toEqual(['cache', 'log', 'output', 'config', 'credential'])
})

test('REQ-O-027: cleanup answers with the list of removed paths, their types, and all bytes freed', async () => {
  const sandbox = Sandbox.create()
  const { tool, paths } = declaring(sandbox)
  const { envelope } = await sandbox.call(['cleanup', '--scope', 'all', '--format', 'json'], { script: tool })
  const { cleaned, total_bytes_freed, effect } = envelope.data
  expect(effect).toBe('deleted')
  const mine = cleaned.filter(({ path }: { path: string }) => path.startsWith(sandbox.path))
  expect(mine.map(({ path, type }: { path: string; type: string }) => ({ path, type }))).toEqual([
    { path: paths.cache, type: 'cache' },
    { path: paths.log, type: 'log' },
    { path: paths.temp, type: 'temp' },
  ])
  for (const { bytes_freed } of mine) expect(bytes_freed).toBeGreaterThanOrEqual(10_000)
  expect(total_bytes_freed).toBe(
    cleaned.reduce((sum: number, { bytes_freed }: { bytes_freed: number }) => sum + bytes_freed, 0),
  )
  expect(left(paths)).toEqual(['output', 'config', 'credential'])
})

test('REQ-O-027: cleanup --min-age 3600 keeps every file and directory of the last hour', async () => {
  const sandbox = Sandbox.create()
  const { tool, paths } = declaring(sandbox)
  const age = (path: string, seconds: number) => {
    const then = new Date(Date.now() - seconds * 1_000)
    utimesSync(path, then, then)
  }
  // The directory is old, a file in it is not; and one where both are.
  age(paths.temp, 7_200)
  age(join(paths.cache, 'file'), 7_200)
  age(paths.cache, 7_200)
  const { envelope } = await sandbox.call(['cleanup', '--scope', 'all', '--min-age', '3600'], {
    script: tool,
  })
  const cleaned = envelope.data.cleaned.map(({ path }: { path: string }) => path)
  expect(cleaned.filter((path: string) => path.startsWith(sandbox.path))).toEqual([paths.cache])
  expect(existsSync(join(paths.temp, 'file'))).toBe(true)
  expect(existsSync(paths.cache)).toBe(false)
})

test('REQ-O-027: cleanup --scope cache leaves logs and temporary files alone', async () => {
  const sandbox = Sandbox.create()
  const { tool, paths } = declaring(sandbox)
  const { code } = await sandbox.call(['cleanup', '--scope', 'cache'], { script: tool })
  expect(code).toBe(0)
  expect(left(paths)).toEqual(['temp', 'log', 'output', 'config', 'credential'])
})

test('REQ-O-027: cleanup --dry-run says what it would remove and end, and does neither', async () => {
  const sandbox = Sandbox.create()
  const { tool, paths } = declaring(sandbox)
  const env = { DECLARING_STATE_DIR: sandbox.state }
  const launched = await sandbox.call(['launch', '--session', 's', '--', ...SLEEPER], { script: tool, env })
  const { envelope } = await sandbox.call(['cleanup', '--session', 's', '--scope', 'all', '--dry-run'], {
    script: tool,
    env,
  })
  expect(envelope.data).toMatchObject({ effect: 'would_delete', stopped: [] })
  expect(envelope.data.would_affect.runs).toEqual([launched.envelope.data.run_id])
  expect(left(paths)).toEqual([...TYPES])
  expect(isAlive(launched.envelope.data.background_pid)).toBe(true)
  expect((await sandbox.sh(launched.envelope.data.cleanup_command, { env })).code).toBe(0)
})

test('REQ-O-027: cleanup without a session touches no process that somebody holds, and no record of one that lives', async () => {
  const sandbox = Sandbox.create()
  const launcher = new Launcher(sandbox)
  const { background_pid, run_id, cleanup_command, log_path } = await launcher.launch(SLEEPER)
  const { envelope } = await launcher.call(['cleanup', '--scope', 'all'])
  expect(envelope.data).toMatchObject({ stopped: [] })
  expect(isAlive(background_pid)).toBe(true)
  expect(existsSync(log_path)).toBe(true)
  expect((await launcher.sh(cleanup_command)).code).toBe(0)

  const after = await launcher.call(['cleanup', '--scope', 'all'])
  expect(after.envelope.data.cleaned.map(({ type }: { type: string }) => type)).toContain('run')
  expect(readdirSync(join(launcher.state, 'runs'))).not.toContain(run_id)
  expect((await launcher.call(['cleanup', '--scope', 'all'])).envelope.data).toMatchObject({
    effect: 'noop',
    cleaned: [],
  })
})

const IS_ROOT = process.getuid?.() === 0
/** Nothing is closed to root but by the capabilities that let it in everywhere (capabilities(7)). */
const POWERS = '-dac_override,-dac_read_search'
const POWERLESS = IS_ROOT ? `setpriv --inh-caps=${POWERS} --bounding-set=${POWERS}` : ''
const TRACER = 'strace'
const has_tracer = spawnSync(TRACER, ['-V']).status === 0

/** Cleans up a session with a run in it, by a tool that declares paths. @param around what the call is started by */
async function cleanUp(sandbox: Sandbox, tool: string, around: string, scope = 'temp') {
  const launched = await sandbox.call(['launch', '--session', 's', '--', ...SLEEPER], { script: tool })
  const cleanup = `cleanup --session s --scope ${scope}`
  const answer = await sandbox.sh(`exec ${around} '${process.execPath}' '${tool}' ${cleanup}`)
  expect(answer.code, answer.stdout + answer.stderr).toBe(0)
  expect(outcomesOf(answer.envelope.data.stopped)).toEqual({ [launched.envelope.data.run_id]: 'stopped' })
  return answer.envelope
}

test.each(['is', 'has below it'])(
  'a path that %s what may not be read stays, with a warning, beside the answer for the runs and all other paths',
  async how => {
    const sandbox = Sandbox.create()
    const { tool, paths } = declaring(sandbox)
    const closed = how === 'is' ? paths.temp : join(paths.temp, 'closed')
    mkdirSync(closed, { recursive: true })
    chmodSync(closed, 0o000)
    const { data, warnings } = await cleanUp(sandbox, tool, POWERLESS, 'all')
    chmodSync(closed, 0o700)
    expect(warnings).toEqual([
      {
        code: 'PATH_NOT_CLEANED',
        message: expect.stringContaining(`${paths.temp} `),
        context: { path: paths.temp, errno: 'EACCES' },
      },
    ])
    expect(data.cleaned.map(({ path }: { path: string }) => path)).toContain(paths.cache)
    expect(left(paths)).toEqual(['temp', 'output', 'config', 'credential'])
  },
)

test('records that may not be read stay, with a warning where they were to go, beside the answer for the runs', async () => {
  const sandbox = Sandbox.create()
  const { tool, paths } = declaring(sandbox)
  const ended = await sandbox.call(['launch', '--', 'true'], { script: tool })
  const { run_id, log_path } = ended.envelope.data
  expect((await sandbox.call(['wait', run_id], { script: tool })).code).toBe(0)
  const records = dirname(log_path)
  chmodSync(records, 0o000)
  expect((await cleanUp(sandbox, tool, POWERLESS)).warnings).toEqual([])
  const { data, warnings } = await cleanUp(sandbox, tool, POWERLESS, 'all')
  chmodSync(records, 0o700)
  const context = { path: dirname(records), errno: 'EACCES' }
  expect(warnings).toMatchObject([{ code: 'PATH_NOT_CLEANED', context }])
  expect(data.cleaned.map(({ path }: { path: string }) => path)).toContain(paths.log)
})

/** Cleans up, and lets system calls of the cleanup about the path for temporary files fail. */
async function cleanUpFailing(
  sandbox: Sandbox,
  { tool, paths }: ReturnType<typeof declaring>,
  fault: string,
) {
  const trace = join(sandbox.path, 'trace')
  const around = `${TRACER} -f -qq -o '${trace}' -P '${paths.temp}' -e inject=${fault}`
  const { data, warnings } = await cleanUp(sandbox, tool, around, 'all')
  expect(readFileSync(trace, 'utf8')).toContain('INJECTED')
  const cleaned: string[] = data.cleaned.map(({ path }: { path: string }) => path)
  return { warnings, cleaned: cleaned.filter(path => Object.values(paths).includes(path)) }
}

test.skipIf(!has_tracer)(
  'a path that cannot be removed stays, with a warning, beside the answer for the runs and all other paths (with strace)',
  async () => {
    const sandbox = Sandbox.create()
    const declared = declaring(sandbox)
    const { warnings, cleaned } = await cleanUpFailing(sandbox, declared, '?rmdir,unlinkat:error=EBUSY')
    expect(warnings).toMatchObject([
      { code: 'PATH_NOT_CLEANED', context: { path: declared.paths.temp, errno: 'EBUSY' } },
    ])
    expect(cleaned).toEqual([declared.paths.cache, declared.paths.log])
  },
)

test.skipIf(!has_tracer)(
  'a path that another cleanup removes between two looks at it is gone, and no more said of it (with strace)',
  async () => {
    const sandbox = Sandbox.create()
    const declared = declaring(sandbox)
    const { warnings, cleaned } = await cleanUpFailing(sandbox, declared, 'openat:error=ENOENT')
    expect(warnings).toEqual([])
    expect(cleaned).toEqual([declared.paths.cache, declared.paths.log])
  },
)

/** A tool with a cleanup command of its own that leaves a word of each call, then does as told. */
const withHalt = (sandbox: Sandbox, then: string): Launcher =>
  new Launcher(sandbox, {
    halt: `(await import('node:fs')).appendFileSync(${JSON.stringify(join(sandbox.path, 'halted'))}, args.run + '\\n')\n${then}`,
  })

const halted = (sandbox: Sandbox): string[] =>
  readFileSync(join(sandbox.path, 'halted'), 'utf8').trim().split('\n').sort()

test('REQ-O-027: cleanup --session runs the cleanup command of each run of that session, and ends nothing of another', async () => {
  const sandbox = Sandbox.create()
  const launcher = withHalt(sandbox, `await ctx.runs.stop([args.run])\nreturn { effect: 'updated' }`)
  const one = await launcher.launch(SLEEPER, { session: 'mine' })
  const two = await launcher.launch(SLEEPER, { session: 'mine' })
  const other = await launcher.launch(SLEEPER, { session: 'other' })
  const { code, envelope } = await launcher.call(['cleanup', '--session', 'mine'])
  expect(code, JSON.stringify(envelope)).toBe(0)
  expect(outcomesOf(envelope.data.stopped)).toEqual({ [one.run_id]: 'stopped', [two.run_id]: 'stopped' })
  expect(halted(sandbox)).toEqual([one.run_id, two.run_id].sort())
  expect([one, two, other].map(({ background_pid }) => isAlive(background_pid))).toEqual([false, false, true])

  expect((await launcher.call(['cleanup', '--all-sessions'])).code).toBe(0)
  expect(isAlive(other.background_pid)).toBe(false)
})

test.each([
  { what: 'does nothing', after: `return { effect: 'noop' }`, warnings: [] },
  {
    what: 'fails',
    after: `throw ctx.exit.CONFLICT('told to fail')`,
    warnings: [{ code: 'CLEANUP_COMMAND_FAILED' }],
  },
])(
  'REQ-O-027: where a cleanup command $what, cleanup ends the run by itself',
  async ({ after, warnings }) => {
    const sandbox = Sandbox.create()
    const launcher = withHalt(sandbox, after)
    const { background_pid, run_id } = await launcher.launch(SLEEPER, { session: 'mine' })
    const { code, envelope } = await launcher.call(['cleanup', '--session', 'mine'])
    expect(code, JSON.stringify(envelope)).toBe(0)
    expect(halted(sandbox)).toEqual([run_id])
    expect(isAlive(background_pid)).toBe(false)
    expect(outcomesOf(envelope.data.stopped)).toEqual({ [run_id]: 'stopped' })
    expect(envelope.warnings).toMatchObject(warnings)
  },
)

const outcomesOf = (stopped: readonly { run_id: string; outcome: string }[]): Record<string, string> =>
  Object.fromEntries(stopped.map(({ run_id, outcome }) => [run_id, outcome]))
