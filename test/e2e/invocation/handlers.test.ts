/** Whatever a handler does, its call ends with one answer, and nothing of it goes on. */
import { expect, test } from 'vitest'
import { AuthorTool, listTool } from '../contract/harness/author.js'
import { checked } from '../contract/harness/checked.js'
import { Sandbox } from '../harness/sandbox.js'

const author = (sandbox: Sandbox, commands: string) =>
  new AuthorTool(sandbox, { 'tool.mjs': listTool(commands) })

test('a handler that throws, rejects or returns the wrong shape is answered with exit 1 and the defect', async () => {
  const text = `output_schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }`
  const tool = author(
    Sandbox.create(),
    `command('throws', async () => { throw new Error('It broke.') }),
     command('sync', () => { throw new Error('It broke.') }),
     command('rejects', () => Promise.reject(new Error('It broke.'))),
     command('nothing', async () => {}), command('scalar', async () => 7), command('nullish', async () => null),
     command('missing', async () => ({}), { ${text} }), command('mistyped', async () => ({ a: 1 }), { ${text} }),
     command('listed', async () => [1], { ${text} })`,
  )
  for (const name of ['throws', 'sync', 'rejects']) {
    const { error, data, meta } = await tool.ask([name])
    expect([meta.exit_code, data, error.code, error.message], name).toEqual([
      1,
      null,
      'UNEXPECTED_ERROR',
      'It broke.',
    ])
  }
  for (const name of ['nothing', 'scalar', 'nullish', 'missing', 'mistyped', 'listed']) {
    const { error, data, meta } = await tool.ask([name])
    expect([meta.exit_code, data, error.code], name).toEqual([1, null, 'OUTPUT_INVALID'])
    expect(error.context.problems.length, name).toBeGreaterThan(0)
    expect(error.fix_required, name).toContain(name)
  }
})

test('a handler that never resolves is ended by --timeout, whatever holds it', async () => {
  const tool = author(
    Sandbox.create(),
    `command('timer', async () => new Promise(() => setInterval(() => {}, 1000))),
     command('void', async () => new Promise(() => {})),
     command('progress', async (args, ctx) => { ctx.progress(3, 9, 'files'); await new Promise(() => setInterval(() => {}, 1000)) }),
     command('deaf', async (args, ctx) => { try { await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('x')))) } catch { return { late: true } } })`,
  )
  for (const name of ['timer', 'progress', 'deaf']) {
    const { error, data, meta } = await tool.ask([name, '--timeout', '300ms'])
    expect([meta.exit_code, error.code, data.partial], name).toEqual([10, 'TIMEOUT', true])
    expect(error.context, name).toEqual({ timeout_ms: 300 })
    if (name === 'progress') expect(data.progress).toEqual({ done: 3, total: 9, unit: 'files' })
  }
  const { error, meta } = await tool.ask(['void', '--timeout', '300ms'])
  expect([1, 10]).toContain(meta.exit_code)
  expect(error.retryable).toBe(false)
})

test('a handler that waits for nothing that could ever come is answered for at once, also without a limit', async () => {
  const tool = author(Sandbox.create(), "command('void', async () => new Promise(() => {}))")
  const { error, meta } = await tool.ask(['void', '--timeout', '0'])
  expect(meta.exit_code).toBe(1)
  expect(error.code).toBe('NEVER_SETTLES')
})

test('a handler whose callback throws, or whose promise nobody awaits rejects, is answered for', async () => {
  const tool = author(
    Sandbox.create(),
    `command('timer', async () => { setTimeout(() => { throw new Error('It broke later.') }); await new Promise(() => setInterval(() => {}, 1000)) }),
     command('promise', async () => { Promise.reject(new Error('It broke later.')); await new Promise(() => setInterval(() => {}, 1000)) }),
     command('emitter', async () => { const { EventEmitter } = await import('node:events'); setImmediate(() => new EventEmitter().emit('error', new Error('It broke later.'))); await new Promise(() => setInterval(() => {}, 1000)) })`,
  )
  for (const name of ['timer', 'promise', 'emitter']) {
    const answer = await tool.call([name])
    const { error, meta } = checked(answer)
    expect([meta.exit_code, error.message], name).toEqual([1, 'It broke later.'])
    expect(answer.stderr, name).toContain('It broke later.')
  }
})

test('a handler that calls process.exit does not end its call unanswered, and exit 0 is no success', async () => {
  const tool = author(
    Sandbox.create(),
    `command('zero', async () => { process.exit(0) }), command('seven', async () => { process.exit(7) }),
     command('later', async () => { setTimeout(() => process.exit(0)); await new Promise(() => setInterval(() => {}, 1000)) }),
     command('caught', async () => { try { process.exit(0) } catch {} return { fine: true } })`,
  )
  for (const name of ['zero', 'seven', 'later', 'caught']) {
    const { error, meta } = await tool.ask([name])
    expect([meta.exit_code, error.code], name).toEqual([1, 'PROCESS_EXIT_CALLED'])
    expect(error.fix_required).toMatch(/\S/)
  }
})

test('a module that ends the process, breaks later or is never loaded whole is answered for', async () => {
  const entry = (before: string) =>
    listTool("command('one', async () => ({}))").replace(
      'commands: [',
      `commands: { one: async () => { ${before}; return { default: null } } }, never: [`,
    )
  for (const [before, code] of [
    ['process.exit(0)', 'PROCESS_EXIT_CALLED'],
    ['await new Promise(() => {})', 'NEVER_SETTLES'],
    [
      "setTimeout(() => { throw new Error('Later.') }); await new Promise(() => setInterval(() => {}, 1000))",
      'UNEXPECTED_ERROR',
    ],
  ] as const) {
    const tool = new AuthorTool(Sandbox.create(), { 'tool.mjs': entry(before) })
    const { error, meta } = await tool.ask(['one'])
    expect([meta.exit_code, error.code], before).toEqual([1, code])
  }
})

test('a capability that the contract does not declare throws in JavaScript, with the fix, and starts nothing', async () => {
  const sandbox = Sandbox.create()
  const tool = author(
    sandbox,
    `command('background', async (args, ctx) => { await ctx.background.spawn(['sleep', '300']); return {} }),
     command('preview', async (args, ctx) => ({ dry: ctx.dryRun })),
     command('caught', async (args, ctx) => { let said = 'nothing'; try { ctx.background } catch (error) { said = error.message } return { said } })`,
  )
  for (const [name, field] of [
    ['background', 'spawns_background_process'],
    ['preview', 'danger_level'],
  ] as const) {
    const { error, meta } = await tool.ask([name])
    expect([meta.exit_code, error.code]).toEqual([1, 'UNDECLARED_CAPABILITY'])
    expect(error.fix_required).toContain(field)
  }
  expect((await tool.ask(['caught'])).data.said).toContain('ctx.background')
  await sandbox.nothingLeft()
})

test('a handler cannot forge what is the framework’s: the envelope, meta, the background fields', async () => {
  const sandbox = Sandbox.create()
  const tool = author(
    sandbox,
    `command('forge', async () => ({ ok: false, error: { code: 'X' }, meta: { exit_code: 9 }, warnings: [1] })),
     command('start', async (args, ctx) => { const run = await ctx.background.spawn(['sleep', '300']); return { background_pid: 1, run_id: 'forged', cleanup_command: 'rm -rf /', mine: run.pid } }, {
       spawns_background_process: true, cleanup_command: 'stop', max_lifetime_seconds: 60,
       output_schema: { type: 'object', properties: { mine: { type: 'integer' } }, required: ['mine'] } })`,
  )
  const forged = await tool.ask(['forge'])
  expect(forged).toMatchObject({ ok: true, error: null, warnings: [], meta: { exit_code: 0 } })
  const { data } = await tool.ask(['start'])
  expect(data.background_pid).toBe(data.mine)
  expect(data.run_id).toMatch(/^[0-9a-f]{12}$/)
  expect(data.cleanup_command).toContain(`stop --session ${data.session_id} --run ${data.run_id}`)
  expect(checked(await tool.sh(data.cleanup_command)).data.effect).toBe('updated')
})

test('a background command that starts nothing, or a second process, fails and leaves nothing', async () => {
  const sandbox = Sandbox.create()
  const fields = "spawns_background_process: true, cleanup_command: 'stop', max_lifetime_seconds: 60"
  const tool = author(
    sandbox,
    `command('none', async () => ({}), { ${fields} }),
     command('two', async (args, ctx) => { await ctx.background.spawn(['sleep', '300']); await ctx.background.spawn(['sleep', '300']); return {} }, { ${fields} }),
     command('fails', async (args, ctx) => { await ctx.background.spawn(['sleep', '300']); throw new Error('It broke.') }, { ${fields} })`,
  )
  for (const [name, code] of [
    ['none', 'BACKGROUND_NOT_STARTED'],
    ['two', 'BACKGROUND_ALREADY_STARTED'],
    ['fails', 'UNEXPECTED_ERROR'],
  ] as const) {
    const { error, data, meta } = await tool.ask([name])
    expect([meta.exit_code, data, error.code]).toEqual([1, null, code])
  }
  await sandbox.nothingLeft()
})
