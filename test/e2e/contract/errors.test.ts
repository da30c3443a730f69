/** What an error carries: a code, a sentence, whether to try again, and what would mend it. */
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { AuthorTool, listTool } from './harness/author.js'
import { checked } from './harness/checked.js'

const NOT_FOUND = "NOT_FOUND: { description: 'Not there', retryable: false, side_effects: 'none' }"
const RATE_LIMITED = "RATE_LIMITED: { description: 'Too many', retryable: true, side_effects: 'none' }"
const PARTIAL = "PARTIAL_FAILURE: { description: 'Half', retryable: false, side_effects: 'partial' }"

test('REQ-C-013: every failing call answers with a code, a message and no stack trace on stdout', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(`
      command('throws', async () => { throw new TypeError('It broke.') }),
      command('silent', async () => { throw new Error() }),
      command('quotes', async () => { throw new Error(new Error('It broke inside.').stack) }),
      command('text', async () => { throw 'It broke.' }),
      command('nothing', async () => { throw undefined }),
      command('hostile', async () => { throw { toString() { throw new Error('No.') } } }),
      command('declared', async (args, ctx) => { throw ctx.exit.NOT_FOUND('It is not there.') }, { exit_codes: { ${NOT_FOUND} } }),
      command('wordless', async (args, ctx) => { throw ctx.exit.NOT_FOUND() }, { exit_codes: { ${NOT_FOUND} } }),
      command('shape', async () => 5),
    `),
  })
  const calls = [
    'throws',
    'silent',
    'quotes',
    'text',
    'nothing',
    'hostile',
    'declared',
    'wordless',
    'shape',
    'bogus',
  ]
  for (const name of calls) {
    const answer = await author.call([name])
    const { error, ok } = checked(answer)
    expect(ok, name).toBe(false)
    expect(error.code, name).toMatch(/^[A-Z][A-Z0-9_]+$/)
    expect(error.message, name).toMatch(/\S/)
    expect(answer.stdout, name).not.toMatch(/\\n\s+at |node:internal|\.mjs:\d+/)
  }
  const thrown = await author.call(['throws'])
  expect(thrown.stderr).toMatch(/TypeError: It broke\.\n\s+at /)
  expect(checked(thrown).error.message).toBe('It broke.')
})

test('REQ-C-013: what a command says of a failure arrives, and nothing that is the framework’s own', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(
      `command('fail', async (args, ctx) => { throw ctx.exit.NOT_FOUND('It is not there.', {
        code: 'FILE_GONE', cause: 'ENOENT', detail: 'a\\nb', context: { path: '/x' }, suggestion: 'mytool fail', fix_required: 'make it',
        fix_command: 'mytool version', phase: 'validation', message: 'forged', exit_code: 0, data: { looked: ['/x'] } }) },
        { exit_codes: { ${NOT_FOUND} } })`,
    ),
  })
  const { data, error, meta } = await author.ask(['fail'])
  expect(meta.exit_code).toBe(5)
  expect(data).toEqual({ looked: ['/x'] })
  expect(error).toMatchObject({
    code: 'FILE_GONE',
    message: 'It is not there.',
    cause: 'ENOENT',
    detail: 'a\nb',
    context: { path: '/x' },
    suggestion: 'mytool fail',
    fix_required: 'make it',
    phase: 'execution',
    retryable: false,
  })
  expect(error.fix_command).toMatch(/ version$/)
})

test('REQ-C-013: malformed details from JavaScript never make an answer that breaks the schema', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(`
      command('odd', async (args, ctx) => { throw ctx.exit.NOT_FOUND(7, { cause: new Error('x'), context: 'text', detail: 5,
        suggestion: { a: 1 }, fix_required: null, retry_after_ms: -3, retryable: 'yes', data: 'text' }) }, { exit_codes: { ${NOT_FOUND} } }),
      command('miscoded', async (args, ctx) => { throw ctx.exit.NOT_FOUND('No.', { code: 'lower-case' }) }, { exit_codes: { ${NOT_FOUND} } }),
      command('miswarned', async (args, ctx) => { ctx.warn('lower-case', 'No.'); return {} }),
      command('warned', async (args, ctx) => { ctx.warn('LOOK_HERE', 'See.', { size: 1n, at: new Map([['a', NaN]]) }); return {} }),
    `),
  })
  expect((await author.ask(['odd'])).error).toMatchObject({
    code: 'NOT_FOUND',
    message: '7',
    retryable: false,
  })
  expect((await author.ask(['miscoded'])).error.code).toBe('ERROR_CODE_INVALID')
  expect((await author.ask(['miswarned'])).error.code).toBe('WARNING_CODE_INVALID')
  expect((await author.ask(['warned'])).warnings).toEqual([
    { code: 'LOOK_HERE', message: 'See.', context: { size: 1, at: { a: null } } },
  ])
})

test('REQ-C-014: an exit says whether to try again as its contract declares it, a failure may say less', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(
      `command('fail', async ({ as: name, retryable }, ctx) => { throw ctx.exit[name]('It failed.', retryable === undefined ? {} : { retryable: retryable === 'yes' }) }, {
        flags: { as: { type: 'string', required: true, description: 'Exit' }, retryable: { type: 'enum', enum_values: ['yes', 'no'], description: 'Said' } },
        exit_codes: { ${RATE_LIMITED}, ${PARTIAL}, ${NOT_FOUND} } })`,
    ),
  })
  const retryable = async (...argv: string[]) => (await author.ask(['fail', '--as', ...argv])).error.retryable
  expect(await retryable('RATE_LIMITED')).toBe(true)
  expect(await retryable('RATE_LIMITED', '--retryable', 'no')).toBe(false)
  expect(await retryable('NOT_FOUND')).toBe(false)
  expect(await retryable('NOT_FOUND', '--retryable', 'yes')).toBe(true)
  // Something was written, whatever the handler says.
  expect(await retryable('PARTIAL_FAILURE', '--retryable', 'yes')).toBe(false)
})

test('REQ-C-014: who is rate limited is told how long to wait', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(`
      command('some', async (args, ctx) => { throw ctx.exit.RATE_LIMITED('Too many.', { retry_after_ms: 250 }) }, { exit_codes: { ${RATE_LIMITED} } }),
      command('none', async (args, ctx) => { throw ctx.exit.RATE_LIMITED('Too many.') }, { exit_codes: { ${RATE_LIMITED} } }),
    `),
  })
  expect((await author.ask(['some'])).error.retry_after_ms).toBe(250)
  expect((await author.ask(['none'])).error.retry_after_ms).toBeGreaterThan(0)
})

test('REQ-C-014: wrong input is not retryable, and says what to correct', async () => {
  const { error } = checked(await Sandbox.create().call(['start-watcher']))
  expect(error).toMatchObject({ code: 'ARG_ERROR', retryable: false })
  expect(error.fix_required).toMatch(/\S/)
})

test('REQ-C-014: a timeout is retryable exactly where the contract says that it leaves nothing behind', async () => {
  const timeout = (retryable: boolean, side_effects: string) =>
    `exit_codes: { TIMEOUT: { description: 'Slow', retryable: ${retryable}, side_effects: '${side_effects}' } }`
  const hangs = 'async () => new Promise(() => setInterval(() => {}, 1000))'
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(`
      command('reads', ${hangs}, { ${timeout(true, 'none')} }),
      command('writes', ${hangs}, { ${timeout(false, 'partial')} }),
      command('unsaid', ${hangs}),
    `),
  })
  for (const [name, retryable] of [
    ['reads', true],
    ['writes', false],
    ['unsaid', false],
  ] as const) {
    const { error, meta } = await author.ask([name, '--timeout', '200ms'])
    expect(meta).toMatchObject({ exit_code: 10, timeout_ms: 200 })
    expect(error, name).toMatchObject({ code: 'TIMEOUT', retryable })
  }
})
