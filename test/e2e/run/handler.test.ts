/** `ctx.foreground` in an author's command: the report and the exit code are the framework's, whatever the handler does. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { reportOf } from './calls.js'

/** A tool with one command of this body; `data` may hold anything. */
const tool = (sandbox: Sandbox, body: string, more = ''): string =>
  sandbox.tool(
    'tool',
    `import { defineCommand, runTool } from 'chaperone'
const command = defineCommand({
  name: 'go', description: 'Go.', danger_level: 'safe', required_scopes: [], delegates_stdio: true, flags: {},
  exit_codes: {
    SUCCESS: { description: 'ok', retryable: false, side_effects: 'complete' },
    CONFLICT: { description: 'conflict', retryable: false, side_effects: 'partial' },
  },
  output_schema: { type: 'object' },
  ${more}
  async execute(_args, ctx) { ${body} },
})
await runTool({ name: 'chaperone', version: '1.0.0', description: 'A tool.', commands: [command] })
`,
  )

describe('a handler', () => {
  test('gets the report, and cannot forge it in its answer', async () => {
    const sandbox = Sandbox.create()
    const body = `const report = await ctx.foreground.run(['sh', '-c', 'exit 3'])
      return { seen: report.exit_code, exit_code: 0, run_id: 'forged', background_processes: [{}] }`
    const answer = await sandbox.call(['go'], { script: tool(sandbox, body) })
    const { data } = reportOf(answer)
    expect(answer.code).toBe(3)
    expect(data).toMatchObject({ seen: 3, exit_code: 3, background_processes: [] })
    expect(data.run_id).toMatch(/^[0-9a-f]{12}$/)
  })

  test.each([
    ['runs nothing', 'return {}', 'FOREGROUND_NOT_RUN'],
    ['does not wait', "void ctx.foreground.run(['sleep', '60']); return {}", 'FOREGROUND_NOT_RUN'],
    [
      'runs two',
      "await ctx.foreground.run(['true']); await ctx.foreground.run(['true']); return {}",
      'FOREGROUND_ALREADY_STARTED',
    ],
    [
      'asks for a mode that is none',
      "await ctx.foreground.run(['true'], { mode: 'x' })",
      'FOREGROUND_REQUEST_INVALID',
    ],
    [
      'gives a linger to strict-run',
      "await ctx.foreground.run(['true'], { linger_ms: 5 })",
      'FOREGROUND_REQUEST_INVALID',
    ],
    [
      'gives a grace of nothing',
      "await ctx.foreground.run(['true'], { grace_ms: 0 })",
      'FOREGROUND_REQUEST_INVALID',
    ],
    ['names no program', 'await ctx.foreground.run([])', 'FOREGROUND_REQUEST_INVALID'],
  ])('that %s fails with its code, exit 1, and leaves nothing', async (_, body, code) => {
    const sandbox = Sandbox.create()
    const answer = await sandbox.call(['go'], { script: tool(sandbox, body) })
    expect([answer.code, answer.stdout, reportOf(answer).error.code]).toEqual([1, '', code])
    await sandbox.nothingLeft()
  })

  test('that does not wait for its program has it ended, and has failed whatever that makes of its end', async () => {
    const sandbox = Sandbox.create()
    const up = join(sandbox.path, 'up')
    const body = `void ctx.foreground.run(['sh', '-c', 'trap "exit 3" TERM; : >"$1"; while :; do sleep 0.02; done', 'sh', '${up}'])
      const { existsSync } = await import('node:fs')
      while (!existsSync('${up}')) await new Promise(done => setTimeout(done, 10))
      return {}`
    const answer = await sandbox.call(['go'], { script: tool(sandbox, body) })
    expect([answer.code, answer.stdout, reportOf(answer).error.code]).toEqual([1, '', 'FOREGROUND_NOT_RUN'])
    expect(reportOf(answer).data).toMatchObject({ exit_code: 3, background_processes: [] })
    await sandbox.nothingLeft()
  })

  test('that fails after its program fails the call, unless the program failed itself', async () => {
    const sandbox = Sandbox.create()
    const body = (code: number) =>
      `await ctx.foreground.run(['sh', '-c', 'exit ${code}']); throw ctx.exit.CONFLICT('no')`
    const after_success = await sandbox.call(['go'], { script: tool(sandbox, body(0)) })
    expect([after_success.code, reportOf(after_success).error.code]).toEqual([6, 'CONFLICT'])
    expect(reportOf(after_success).data).toMatchObject({ exit_code: 0 })
    const after_failure = await sandbox.call(['go'], { script: tool(sandbox, body(9)) })
    expect([after_failure.code, reportOf(after_failure).error.code]).toEqual([9, 'DELEGATED_EXIT'])
    expect(reportOf(after_failure).warnings).toMatchObject([{ code: 'HANDLER_FAILED' }])
  })

  test('that prints writes to stderr: stdout is the program’s', async () => {
    const sandbox = Sandbox.create()
    const body = `console.log('stray'); await ctx.foreground.run(['echo', 'program']); return {}`
    const answer = await sandbox.call(['go'], { script: tool(sandbox, body) })
    expect(answer.stdout).toBe('program\n')
    expect(reportOf(answer).warnings).toMatchObject([{ code: 'THIRD_PARTY_STDOUT' }])
  })
})

test('an undeclared foreground throws, and starts nothing', async () => {
  const sandbox = Sandbox.create()
  const script = tool(sandbox, "await ctx.foreground.run(['true']); return {}", 'delegates_stdio: false,')
  const { code, envelope } = await sandbox.call(['go'], { script })
  expect([code, envelope.error.code]).toEqual([1, 'UNDECLARED_CAPABILITY'])
})

test('help and the schema of such a command are on stdout, as of any other', async () => {
  const sandbox = Sandbox.create()
  const schema = await sandbox.call(['run', '--output-schema'])
  expect(schema.envelope.data.required).toEqual(expect.arrayContaining([]))
  expect(Object.keys(schema.envelope.data.properties)).toEqual(
    expect.arrayContaining(['run_id', 'ended_by', 'background_processes', 'timeline']),
  )
  expect((await sandbox.call(['run', '--help'])).envelope.meta.help).toBe(true)
})
