/** `start -t`: what was prepared, what is given beside it, and templates that are refused with nothing started. */
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { SLEEPER } from '../background/programs.js'
import { Sandbox } from '../harness/sandbox.js'
import { until } from '../harness/until.js'
import { template } from './templates.js'

test('a template is started; words of the command line are added to its program, options win over its own', async () => {
  const sandbox = Sandbox.create()
  sandbox.directory('work')
  template(sandbox, 'server', {
    argv: ['sh', '-c', 'echo "$0 $1 $2|$PWD|$A $B"; exec sleep 3600', 'zero'],
    cwd: 'work',
    env: { A: 'template', B: 'template' },
    max_lifetime: '2h',
  })
  const options = ['-t', 'server', '--env', 'B=flag', '--max-lifetime', '1h', '--', 'one', 'two']
  const planned = await sandbox.call(['start', '--dry-run', ...options])
  expect(planned.envelope.data.plan).toMatchObject({
    argv: { from: 'template_and_command_line' },
    cwd: { value: join(sandbox.path, 'work'), from: 'template' },
    'env.A': { value: 'template', from: 'template' },
    'env.B': { value: 'flag', from: 'command_line' },
    max_lifetime: { value: '1h', from: 'command_line' },
  })
  const { code, envelope } = await sandbox.call(['start', ...options])
  expect(code, JSON.stringify(envelope)).toBe(0)
  const { run_id, log_path, cleanup_command } = envelope.data
  const said = `zero one two|${join(sandbox.path, 'work')}|template flag\n`
  await until('its words', () => readFileSync(log_path, 'utf8') === said)
  const shown = await sandbox.call(['show', run_id])
  expect(shown.envelope.data.max_lifetime_seconds).toBe(3_600)
  expect((await sandbox.sh(cleanup_command)).code).toBe(0)
})

test('--cwd wins over the directory of a template', async () => {
  const sandbox = Sandbox.create()
  sandbox.directory('given')
  template(sandbox, 'server', { argv: [...SLEEPER], cwd: '/' })
  const { envelope } = await sandbox.call(['start', '-t', 'server', '--cwd', 'given', '--dry-run'])
  expect(envelope.data.plan.cwd).toEqual({ value: join(sandbox.path, 'given'), from: 'command_line' })
})

test.each([
  { what: 'is no JSON', content: '{ argv', code: 'TEMPLATE_INVALID', says: /not JSON/ },
  {
    what: 'has keys that nobody knows',
    content: { argv: ['sleep'], lifetime: '1h', evil: 1 },
    code: 'TEMPLATE_INVALID',
    says: /lifetime.*evil/,
  },
  { what: 'names no program', content: { cwd: '/' }, code: 'TEMPLATE_INVALID', says: /argv/ },
  {
    what: 'never lives',
    content: { argv: ['sleep', '9'], max_lifetime: '0' },
    code: 'TEMPLATE_INVALID',
    says: /max_lifetime must be longer than 0/,
  },
  {
    what: 'lives for ever',
    content: { argv: ['sleep', '9'], max_lifetime: '99999d' },
    code: 'TEMPLATE_INVALID',
    says: /max_lifetime must be at most 365d/,
  },
])(
  'a template that $what is refused with exit 4, its fix, and nothing started',
  async ({ content, code, says }) => {
    const sandbox = Sandbox.create()
    template(sandbox, 'server', content)
    const answer = await sandbox.call(['start', '-t', 'server'])
    expect(answer.code).toBe(4)
    expect(answer.envelope.error.code).toBe(code)
    expect(answer.envelope.error.message).toMatch(says)
    expect(answer.envelope.error.fix_required).not.toBe('')
    expect(existsSync(join(sandbox.state, 'runs'))).toBe(false)
  },
)

test('a template that others can write is refused, and so is one in a directory that they can write', async () => {
  const sandbox = Sandbox.create()
  const path = template(sandbox, 'server', { argv: [...SLEEPER] })
  for (const [entry, mode, right] of [
    [path, 0o622, 0o600],
    [dirname(path), 0o777, 0o700],
  ] as const) {
    chmodSync(entry, mode)
    const { code, envelope } = await sandbox.call(['start', '-t', 'server'])
    expect(code).toBe(4)
    expect(envelope.error).toMatchObject({ code: 'TEMPLATE_NOT_PRIVATE', context: { path: entry } })
    expect((await sandbox.sh(envelope.error.fix_command)).code).toBe(0)
    chmodSync(entry, right)
  }
  expect((await sandbox.call(['start', '-t', 'server', '--dry-run'])).code).toBe(0)
  expect(existsSync(join(sandbox.state, 'runs'))).toBe(false)
})

test('an unknown template is refused with the known ones named, and no name leads out of their directory', async () => {
  const sandbox = Sandbox.create()
  template(sandbox, 'server', { argv: [...SLEEPER] })
  template(sandbox, 'worker', { argv: [...SLEEPER] })
  const { code, envelope } = await sandbox.call(['start', '-t', 'sever'])
  expect(code).toBe(4)
  expect(envelope.error).toMatchObject({
    code: 'TEMPLATE_NOT_FOUND',
    context: { known: ['server', 'worker'], nearest: 'server' },
  })
  for (const name of ['../server', '', 'Server', 'a/b', 'x'.repeat(65)])
    expect((await sandbox.call(['start', `--template=${name}`])).code, name).toBe(2)
  expect(existsSync(join(sandbox.state, 'runs'))).toBe(false)
})

test('a template in the working directory is none', async () => {
  const sandbox = Sandbox.create()
  sandbox.file('server.json', JSON.stringify({ argv: [...SLEEPER] }))
  const { envelope } = await sandbox.call(['start', '-t', 'server'])
  expect(envelope.error).toMatchObject({ code: 'TEMPLATE_NOT_FOUND', context: { known: [] } })
})

test('an option of a template that start has no use for is named in a warning', async () => {
  const sandbox = Sandbox.create()
  template(sandbox, 'server', { argv: [...SLEEPER], mode: 'follow-descendants', linger: '1m' })
  const { envelope } = await sandbox.call(['start', '-t', 'server', '--dry-run'])
  expect(envelope.warnings).toMatchObject([
    { code: 'TEMPLATE_OPTION_UNUSED', context: { options: ['mode', 'linger'] } },
  ])
})
