/** `run -t`: what was prepared, the options that win over it, and what is refused with nothing started. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Answer } from '../harness/sandbox.js'
import { Sandbox } from '../harness/sandbox.js'
import { template } from '../start/templates.js'
import { reportOf } from './calls.js'

const ARGV = ['sh', '-c', ': > started']

/** The envelope of either command: `run` has it on stderr, since stdout is the program's. */
const envelopeOf = (answer: Answer) => (answer.stdout === '' ? reportOf(answer) : answer.envelope)

const CONTRADICTIONS = [
  { what: 'lingers without a mode', content: { linger: '5s' }, says: /linger needs mode follow-descendants/ },
  {
    what: 'lingers in strict-run',
    content: { mode: 'strict-run', linger: '5s' },
    says: /linger needs mode follow-descendants/,
  },
  {
    what: 'has a grace for follow-descendants',
    content: { mode: 'follow-descendants', grace: '5s' },
    says: /grace is for mode strict-run/,
  },
  {
    what: 'lingers for nothing',
    content: { mode: 'follow-descendants', linger: '0' },
    says: /linger must be longer than 0/,
  },
  { what: 'has no grace at all', content: { grace: '0s' }, says: /grace must be longer than 0/ },
  { what: 'kills at once', content: { kill_after: '0ms' }, says: /kill_after must be longer than 0/ },
  { what: 'waits for centuries', content: { grace: '99999d' }, says: /grace must be at most 365d/ },
  { what: 'waits for a negative time', content: { grace: '-5s' }, says: /grace must be a duration/ },
  { what: 'never lives', content: { max_lifetime: '0' }, says: /max_lifetime must be longer than 0/ },
  { what: 'has a name that is none', content: { name: 'a b' }, says: /name must match/ },
]

describe.each(['run', 'start'])('%s', command => {
  test.each(CONTRADICTIONS)(
    'refuses a template that $what: exit 4, its fix, and nothing is started',
    async ({ content, says }) => {
      const sandbox = Sandbox.create()
      template(sandbox, 'task', { argv: ARGV, ...content })
      const answer = await sandbox.call([command, '-t', 'task'])
      const { error } = envelopeOf(answer)
      expect([answer.code, error.code]).toEqual([4, 'TEMPLATE_INVALID'])
      expect(error.message).toMatch(says)
      expect(error.context.faults).toEqual([expect.stringMatching(says)])
      expect(error.fix_required).toMatch(/mend/)
      expect(existsSync(join(sandbox.path, 'started'))).toBe(false)
      expect(existsSync(join(sandbox.state, 'runs'))).toBe(false)
    },
  )

  test('says everything at once that is wrong with a template', async () => {
    const sandbox = Sandbox.create()
    template(sandbox, 'task', { argv: ARGV, linger: '0', max_lifetime: '99999d' })
    const { error } = envelopeOf(await sandbox.call([command, '-t', 'task']))
    expect(error.context.faults).toEqual([
      expect.stringMatching(/^linger must be longer/),
      expect.stringMatching(/^max_lifetime must be at most/),
      expect.stringMatching(/^linger needs mode/),
    ])
  })
})

test.each([
  ['the mode that a linger needs', { linger: '5s' }, ['--mode', 'follow-descendants']],
  ['the mode that a grace needs', { mode: 'follow-descendants', grace: '5s' }, ['--mode', 'strict-run']],
  ['a time in place of none', { mode: 'follow-descendants', linger: '0' }, ['--linger', '5s']],
  ['a lifetime in place of none', { max_lifetime: '0' }, ['--max-lifetime', '1m']],
])('an option that wins over a template makes it whole: %s', async (_, content, options) => {
  const sandbox = Sandbox.create()
  template(sandbox, 'task', { argv: ARGV, ...content })
  const answer = await sandbox.call(['run', '-t', 'task', ...options])
  expect([answer.code, reportOf(answer).warnings]).toEqual([0, []])
  expect(existsSync(join(sandbox.path, 'started'))).toBe(true)
})

test('a mode that is given takes the sense of what the template waits for, and that is said', async () => {
  const sandbox = Sandbox.create()
  template(sandbox, 'task', { argv: ARGV, mode: 'follow-descendants', linger: '5s' })
  const answer = await sandbox.call(['run', '-t', 'task', '--mode', 'strict-run'])
  expect(answer.code).toBe(0)
  expect(reportOf(answer).warnings).toMatchObject([
    { code: 'TEMPLATE_OPTION_UNUSED', context: { options: ['linger'] } },
  ])
})

const WHERE = { argv: ['sh', '-c', 'echo ran'] }

test('a template that names no runtime, or the foreground, is run in front, and a dry run says where that comes from', async () => {
  const sandbox = Sandbox.create()
  template(sandbox, 'plain', WHERE)
  template(sandbox, 'front', { ...WHERE, runtime: 'foreground' })
  for (const [argv, from] of [
    [['-t', 'plain'], 'default'],
    [['-t', 'front'], 'template'],
    [['-t', 'front', '--runtime', 'foreground'], 'command_line'],
  ] as const) {
    const { data } = reportOf(await sandbox.call(['run', '--dry-run', ...argv]))
    expect(data.plan.runtime).toEqual({ value: 'foreground', from })
    const answer = await sandbox.call(['run', ...argv])
    expect([answer.code, answer.stdout, reportOf(answer).warnings]).toEqual([0, 'ran\n', []])
  }
})

test.each([
  ['background', ['run', '-t', 'task']],
  ['background', ['run', '--template=task']],
  ['tmux', ['--session', 'run', 'run', '--template', 'task']],
])(
  'a template that names the runtime %s is started there by run, as by --runtime: %j',
  async (runtime, argv) => {
    const sandbox = Sandbox.create()
    template(sandbox, 'task', { argv: ['sleep', '300'], runtime, max_lifetime: '1h' })
    const planned = await sandbox.call([...argv, '--dry-run'])
    expect(planned.envelope.data.plan.runtime).toEqual({ value: runtime, from: 'template' })
    expect(existsSync(join(sandbox.state, 'runs'))).toBe(false)
    const { code, envelope } = await sandbox.call(argv)
    expect(code, JSON.stringify(envelope)).toBe(0)
    expect(envelope.meta.command).toBe('start')
    const shown = await sandbox.call(['show', envelope.data.run_id])
    expect(shown.envelope.data).toMatchObject({
      runtime,
      command: ['sleep', '300'],
      max_lifetime_seconds: 3_600,
    })
    expect((await sandbox.sh(envelope.data.cleanup_command)).code).toBe(0)
    await sandbox.nothingLeft()
  },
)

test('a runtime that is given wins over that of a template, either way', async () => {
  const sandbox = Sandbox.create()
  template(sandbox, 'back', { ...WHERE, runtime: 'background' })
  const kept = await sandbox.call(['run', '-t', 'back', '--runtime', 'foreground'])
  expect([kept.code, kept.stdout, reportOf(kept).warnings]).toEqual([0, 'ran\n', []])
  template(sandbox, 'front', { argv: ['sleep', '300'], runtime: 'foreground' })
  const { envelope } = await sandbox.call(['run', '-t', 'front', '--runtime', 'bg'])
  const shown = await sandbox.call(['show', envelope.data.run_id])
  expect(shown.envelope.data.runtime).toBe('background')
  await sandbox.sh(envelope.data.cleanup_command)
  await sandbox.nothingLeft()
})

test('-t of the program is the program’s, and no template is read for it', async () => {
  const sandbox = Sandbox.create()
  template(sandbox, 'back', { argv: ['sleep', '300'], runtime: 'background' })
  for (const line of [
    ['run', '--', 'echo', '-t', 'back'],
    ['run', 'echo', '-t', 'back'],
  ]) {
    const answer = await sandbox.call(line)
    expect([answer.code, answer.stdout]).toEqual([0, '-t back\n'])
  }
})

test('a template that cannot be used is refused by run itself, whatever runtime it may name', async () => {
  const sandbox = Sandbox.create()
  template(sandbox, 'task', { argv: ['sleep', '300'], runtime: 'background' }, 0o622)
  for (const [name, code] of [
    ['task', 'TEMPLATE_NOT_PRIVATE'],
    ['tusk', 'TEMPLATE_NOT_FOUND'],
  ]) {
    const answer = await sandbox.call(['run', '-t', name ?? ''])
    const { error, meta } = reportOf(answer)
    expect([answer.code, error.code, meta.command]).toEqual([4, code, 'run'])
  }
})
