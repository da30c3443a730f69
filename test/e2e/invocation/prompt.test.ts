/** Questions to a person: asked on a terminal, and nowhere else waited for. */
import { expect, test } from 'vitest'
import { AuthorTool, listTool } from '../contract/harness/author.js'
import { checked } from '../contract/harness/checked.js'
import { onTerminal } from '../contract/harness/terminal.js'
import { finished, Sandbox } from '../harness/sandbox.js'

const ASK = `command('ask', async (args, ctx) => {
  const name = await ctx.prompt('Your name?', { suggestion: 'mytool ask --yes' })
  const town = await ctx.prompt('Your town?', { suggestion: 'mytool ask --yes' })
  return { name, town } }, { interactive: true })`

const author = (sandbox: Sandbox) => new AuthorTool(sandbox, { 'tool.mjs': listTool(ASK) })

const REFUSED = {
  code: 'INPUT_REQUIRED',
  suggestion: 'mytool ask --yes',
  retryable: false,
  phase: 'execution',
}

test('REQ-F-009: off a terminal a question fails at once, exit 4, with what to do instead', async () => {
  const tool = author(Sandbox.create())
  const { error, meta } = checked(await tool.sh('mytool ask </dev/null'))
  expect(meta.exit_code).toBe(4)
  expect(error).toMatchObject(REFUSED)
})

test('REQ-F-009: no command waits for a stdin that stays open and says nothing', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  for (const [caller, argv, code] of [
    [tool, ['ask'], 4],
    [sandbox, ['ps'], 0],
    [sandbox, ['start-watcher'], 2],
    [sandbox, ['--help'], 0],
  ] as const) {
    const child = caller.spawn(argv)
    const { stdin } = child
    // Taken away, so that nobody ends it.
    child.stdin = null
    const answer = await finished(child)
    expect(checked(answer).meta.exit_code, argv.join(' ')).toBe(code)
    stdin?.destroy()
  }
})

test('REQ-F-009: with stdout or stderr elsewhere nobody would see the question, so none is asked', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  for (const redirection of ['| cat', '2>/dev/null | cat']) {
    const { screen } = await onTerminal(sandbox, `node '${tool.script}' ask ${redirection}`, {
      env: { MYTOOL_STATE_DIR: sandbox.state },
    })
    expect(JSON.parse(screen).error).toMatchObject(REFUSED)
  }
})

test('on a terminal the person is asked on stderr, and the lines that are typed are the answers', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  const { code, screen } = await onTerminal(sandbox, `node '${tool.script}' ask`, {}, async keys => {
    await keys.press('Änn\n', 'Your name? ')
    await keys.press('Köln\n', 'Your town? ')
  })
  expect(code).toBe(0)
  expect(screen).toContain('Änn')
  expect(screen).toMatch(/town.*Köln/)
})

test('an end of input at a question is a missing answer, not a hang', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  for (const typed of ['\x04', 'Ann\n\x04']) {
    const { code, screen } = await onTerminal(sandbox, `node '${tool.script}' ask`, {}, keys =>
      keys.press(typed, 'Your name? '),
    )
    expect(code).toBe(4)
    expect(screen).toContain('INPUT_REQUIRED')
  }
})

test('^C at a question cancels the call', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  const { code, screen } = await onTerminal(sandbox, `node '${tool.script}' ask`, {}, keys =>
    keys.press('\x03', 'Your name? '),
  )
  expect(code).toBe(130)
  expect(screen).toContain('CANCELLED')
})

test('--timeout ends a question that nobody answers', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  const { code, screen } = await onTerminal(sandbox, `node '${tool.script}' ask --timeout 500ms`)
  expect(code).toBe(10)
  expect(screen).toContain('TIMEOUT')
})

test('--yes answers every question, --non-interactive none, also on a terminal', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  expect((await tool.ask(['ask', '--yes'])).data).toEqual({ name: 'yes', town: 'yes' })
  expect((await tool.ask(['ask', '--yes', '--non-interactive'])).ok).toBe(true)
  const { code, screen } = await onTerminal(
    sandbox,
    `node '${tool.script}' ask --non-interactive --format json`,
  )
  expect(code).toBe(4)
  expect(JSON.parse(screen).error).toMatchObject(REFUSED)
})

test('a command that does not declare that it asks cannot ask', async () => {
  const tool = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(
      "command('ask', async (args, ctx) => ({ name: await ctx.prompt('Your name?', { suggestion: 'none' }) }))",
    ),
  })
  const { error } = await tool.ask(['ask'])
  expect(error).toMatchObject({ code: 'UNDECLARED_CAPABILITY' })
  expect(error.fix_required).toContain('interactive')
  expect((await tool.ask(['ask', '--yes'])).meta.exit_code).toBe(2)
})
