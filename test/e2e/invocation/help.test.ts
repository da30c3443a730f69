/** Help and version: where they go, and that asking for them does nothing. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AuthorTool, commandModule, listTool, routedTool, TOOL } from '../contract/harness/author.js'
import { checked } from '../contract/harness/checked.js'
import { onTerminal } from '../contract/harness/terminal.js'
import { Sandbox } from '../harness/sandbox.js'

const HELPS = [
  ['--help'],
  ['-h'],
  [],
  ['ps', '--help'],
  ['--help', 'ps'],
  ['session', '--help'],
  ['session', 'list', '-h'],
]

/** Every file of the sandbox but the tool's own. */
const filesOf = (sandbox: Sandbox) => readdirSync(sandbox.path, { recursive: true, encoding: 'utf8' }).sort()

test('REQ-F-048: off a terminal help is on stderr alone, and stdout points to the schema', async () => {
  const sandbox = Sandbox.create()
  for (const argv of HELPS) {
    const answer = await sandbox.call(argv)
    const { data, meta, ok } = checked(answer)
    expect([ok, data, meta.help], argv.join(' ')).toEqual([true, null, true])
    const words = argv.filter(word => !word.startsWith('-'))
    expect(meta.schema_ref).toBe(['chaperone', ...words, '--schema'].join(' '))
    expect(answer.stderr).toContain('Global options:')
    expect(answer.stderr).not.toContain('\x1b')
    checked(await sandbox.sh(meta.schema_ref))
  }
})

test('REQ-F-048: on a terminal help is on stdout, and nothing on stderr', async () => {
  const sandbox = Sandbox.create()
  for (const argv of HELPS) {
    const { code, screen } = await onTerminal(sandbox, `chaperone ${argv.join(' ')} 2>stderr`)
    expect(code, argv.join(' ')).toBe(0)
    expect(screen).toContain('Global options:')
    expect(screen).not.toContain('"ok"')
    for (const line of screen.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(readFileSync(join(sandbox.path, 'stderr'), 'utf8')).toBe('')
  }
})

test('REQ-F-068: help of a command shows its flags, positionals, exit codes, danger and examples', async () => {
  const { stderr } = await Sandbox.create().call(['stop', '--help'])
  for (const text of [
    '--kill-after',
    '--force',
    'runs',
    'Exit codes',
    'NOT_FOUND',
    'mutating',
    'chaperone stop 3f2a',
  ])
    expect(stderr).toContain(text)
})

test('REQ-F-068: --version and -V answer with the version, on a terminal with nothing else', async () => {
  const sandbox = Sandbox.create()
  const { data, meta } = checked(await sandbox.call(['--version']))
  expect(data).toEqual({ name: 'chaperone', version: meta.tool_version })
  for (const argv of [['-V'], ['ps', '--version'], ['bogus', '--version'], ['-V', 'start-watcher']])
    expect(checked(await sandbox.call(argv)).data).toEqual(data)
  const { screen, code } = await onTerminal(sandbox, 'chaperone --version')
  expect([screen, code]).toEqual([`${data.version}\n`, 0])
})

test('REQ-F-068: asking for help or the version writes nothing anywhere, with nothing there to write to', async () => {
  const sandbox = Sandbox.create()
  const before = filesOf(sandbox)
  const barren = {
    HOME: '/nonexistent',
    CHAPERONE_STATE_DIR: undefined,
    XDG_STATE_HOME: undefined,
    TMPDIR: undefined,
  }
  const calls = [
    ...HELPS,
    ['--version'],
    ['-V'],
    ['--schema'],
    ['ps', '--schema'],
    ['ps', '--output-schema'],
    ['start-watcher', '--help'],
  ]
  for (const argv of calls) {
    checked(await sandbox.call(argv))
    expect((await sandbox.call(argv, { env: barren })).code, argv.join(' ')).toBe(0)
  }
  expect(filesOf(sandbox)).toEqual(before)
})

test('REQ-F-068: help works for a command that cannot run, and runs nothing of it', async () => {
  const sandbox = Sandbox.create()
  const tool = new AuthorTool(sandbox, {
    'tool.mjs': routedTool(
      { broken: './broken.mjs' },
      `manifest: new URL('./${TOOL}.manifest.js', import.meta.url),`,
    ),
    'broken.mjs': commandModule(
      `command('broken', async () => { throw new Error('It ran.') }, { flags: { need: { type: 'string', required: true, description: 'Needed' } },
        validate() { throw new Error('It was validated.') } })`,
      "if (process.env.NO_CREDENTIALS) throw new Error('no credentials')",
    ),
  })
  const env = { NO_CREDENTIALS: '1', MYTOOL_STATE_DIR: '/proc/none', MYTOOL_SESSION_ID: '../x' }
  expect((await tool.ask(['broken', '--help', '--bogus', '--format', 'xml'])).meta.help).toBe(true)
  // Compiled, no module of a command is needed, nor loaded, for any of it.
  await tool.ask(['manifest', '--write'])
  for (const argv of [
    ['broken', '--help'],
    ['broken', '-h', '--bogus'],
    ['broken', '--version'],
    ['--help'],
    [],
  ])
    expect((await tool.ask(argv, { env })).ok, argv.join(' ')).toBe(true)
})

test('REQ-F-068: many calls for help at once all succeed', async () => {
  const sandbox = Sandbox.create()
  const before = filesOf(sandbox)
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => sandbox.call(['start-watcher', '--help'])),
  )
  for (const answer of answers) checked(answer)
  expect(new Set(answers.map(({ stderr }) => stderr)).size).toBe(1)
  expect(filesOf(sandbox)).toEqual(before)
})

test('REQ-F-068: a bare call shows the root help, exit 0, also for a tool without commands of its own', async () => {
  const tool = new AuthorTool(Sandbox.create(), { 'tool.mjs': listTool('') })
  const answer = await tool.call([])
  expect(checked(answer).meta).toMatchObject({ help: true, schema_ref: 'mytool --schema', exit_code: 0 })
  expect(answer.stderr).toContain('A tool of a test.')
})

test('help for what is no command is refused, with the help that was probably meant', async () => {
  const sandbox = Sandbox.create()
  const { error, meta } = checked(await sandbox.call(['start-wacher', '--help']))
  expect(meta.exit_code).toBe(2)
  expect(error).toMatchObject({ code: 'UNKNOWN_COMMAND', suggestion: 'chaperone start-watcher --help' })
})
