/** Bad input: what is wrong, the fix, exit 2 or 4, and nothing is started. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { reportOf, runShell } from './calls.js'

const STARTED = ': > started'
const PROGRAM = ['--', 'sh', '-c', STARTED] as const

test.each([
  ['an unknown mode', ['--mode', 'loose', ...PROGRAM], 'mode'],
  ['--linger with strict-run', ['--linger', '5s', ...PROGRAM], 'linger'],
  ['--linger with strict-run, named', ['--mode', 'strict-run', '--linger', '5s', ...PROGRAM], 'linger'],
  ['--grace with follow-descendants', ['--mode', 'follow-descendants', '--grace', '5s', ...PROGRAM], 'grace'],
  ['a linger of nothing', ['--mode', 'follow-descendants', '--linger', '0', ...PROGRAM], 'linger'],
  ['a negative linger', ['--mode', 'follow-descendants', '--linger=-5s', ...PROGRAM], 'linger'],
  ['an absurd linger', ['--mode', 'follow-descendants', '--linger', '999999d', ...PROGRAM], 'linger'],
  ['a grace that is no duration', ['--grace', 'soon', ...PROGRAM], 'grace'],
  ['a kill-after of nothing', ['--kill-after', '0s', ...PROGRAM], 'kill-after'],
  ['a lifetime of nothing', ['--max-lifetime', '0', ...PROGRAM], 'max-lifetime'],
  ['an unknown fate of leftovers', ['--on-leftover', 'adopt', ...PROGRAM], 'on-leftover'],
  ['no program', [], 'argv'],
  ['no program after --', ['--'], 'argv'],
  ['an empty program', ['--', ''], 'argv'],
  ['a variable without =', ['--env', 'NAME', ...PROGRAM], '--env'],
  ['a working directory that is not there', ['--cwd', 'nowhere', ...PROGRAM], 'cwd'],
  ['an option that is none', ['--frobnicate', ...PROGRAM], 'frobnicate'],
])('%s is refused: exit 2, on stderr, with what is wrong', async (_, argv, field) => {
  const sandbox = Sandbox.create()
  const answer = await sandbox.call(['run', ...argv])
  const { error, data } = reportOf(answer)
  expect([answer.code, answer.stdout, data]).toEqual([2, '', null])
  expect(error.errors.map((fault: { field: string }) => fault.field)).toContain(field)
  expect(error.suggestion ?? error.fix_required).toEqual(expect.any(String))
  expect(existsSync(join(sandbox.path, 'started'))).toBe(false)
  expect(existsSync(sandbox.state)).toBe(false)
})

test('everything that is wrong is said at once', async () => {
  const answer = await Sandbox.create().call([
    'run',
    '--linger',
    '0',
    '--kill-after',
    '-1',
    '--env',
    'X',
    '--',
    '',
  ])
  const fields = reportOf(answer).error.errors.map((fault: { field: string }) => fault.field)
  expect(new Set(fields)).toEqual(new Set(['linger', 'kill-after', '--env', 'argv']))
})

test('a working directory that has vanished under the caller is exit 4, not a program that is missing', async () => {
  const sandbox = Sandbox.create()
  sandbox.directory('gone')
  const answer = await sandbox.sh('cd gone && rmdir ../gone && chaperone run -- true')
  const { error } = reportOf(answer)
  expect([answer.code, error.code]).toEqual([4, 'START_FAILED'])
  expect(error.message).toContain('working directory')
})

test('arguments over the limit of the system are exit 4 with the fix, in whatever way they come', async () => {
  const sandbox = Sandbox.create()
  const script = sandbox.tool(
    'long',
    `import { defineCommand, runTool } from 'chaperone'
const long = defineCommand({
  name: 'long', description: 'Too long.', danger_level: 'safe', required_scopes: [], delegates_stdio: true, flags: {},
  exit_codes: { SUCCESS: { description: 'ok', retryable: false, side_effects: 'complete' } },
  output_schema: { type: 'object' },
  async execute(_args, ctx) {
    await ctx.foreground.run(['echo', 'x'.repeat(200_000)])
    return {}
  },
})
await runTool({ name: 'chaperone', version: '1.0.0', description: 'A tool.', commands: [long] })
`,
  )
  const answer = await sandbox.call(['long'], { script })
  const { error } = reportOf(answer)
  expect([answer.code, answer.stdout, error.code, error.context.errno]).toEqual([
    4,
    '',
    'START_FAILED',
    'E2BIG',
  ])
  expect(error.fix_required).toContain('shorter')
  await sandbox.nothingLeft()
})

test('a state directory that cannot be used is exit 4, and nothing is started', async () => {
  const sandbox = Sandbox.create()
  const env = { CHAPERONE_STATE_DIR: sandbox.file('file', '') }
  const answer = await runShell(sandbox, [], STARTED, { env })
  expect([answer.code, reportOf(answer).error.code]).toEqual([4, 'STATE_DIR_UNAVAILABLE'])
  expect(existsSync(join(sandbox.path, 'started'))).toBe(false)
})
