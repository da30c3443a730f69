/** The forms of an answer: who gets JSON, who gets text, what each is made of, and that no escape code gets through. */
import { expect, test } from 'vitest'
import { AuthorTool, listTool } from '../contract/harness/author.js'
import { checked, checkedManifest, expectFits } from '../contract/harness/checked.js'
import { onTerminal } from '../contract/harness/terminal.js'
import { type Answer, Sandbox } from '../harness/sandbox.js'

const ESCAPE = '\x1b'

const ROWS = `command('rows', async () => ({ rows: [{ id: 1, name: 'a\\tb' }, { id: 2, name: 'ü\\nv' }] }), {
  output_schema: { type: 'object', properties: { rows: { type: 'array' } }, required: ['rows'] } })`
const ONE = "command('one', async () => ({ id: 7 }))"
const FAIL = `command('fail', async (args, ctx) => { throw ctx.exit.NOT_FOUND('It is gone.', { fix_required: 'look elsewhere' }) }, {
  exit_codes: { NOT_FOUND: { description: 'Gone', retryable: false, side_effects: 'none' } } })`

const author = (sandbox: Sandbox, commands = [ROWS, ONE, FAIL].join(',')) =>
  new AuthorTool(sandbox, { 'tool.mjs': listTool(commands) })

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('REQ-F-003: off a terminal every line of stdout is JSON without any configuration', async () => {
  const sandbox = Sandbox.create()
  for (const argv of [['ps'], ['version'], ['bogus'], ['start-watcher'], ['--help'], ['--version'], []]) {
    const answer = await sandbox.call(argv)
    checked(answer)
    for (const line of answer.stdout.trimEnd().split('\n')) expect(isJson(line), line).toBe(true)
  }
})

test('REQ-F-003: on a terminal people get text; with CI set, or --format json, they get JSON', async () => {
  const sandbox = Sandbox.create()
  const plain = await onTerminal(sandbox, 'chaperone version')
  expect(plain.code).toBe(0)
  expect(isJson(plain.screen)).toBe(false)
  expect(plain.screen).toContain('chaperone')
  for (const [line, env] of [
    ['chaperone version', { CI: 'true' }],
    ['chaperone version', { CI: '1' }],
    ['chaperone --format json version', {}],
    ['chaperone version', { CHAPERONE_FORMAT: 'json' }],
  ] as const) {
    const { screen, code } = await onTerminal(sandbox, line, { env })
    expectFits('response-envelope.json', JSON.parse(screen))
    expect(code).toBe(0)
    expect(screen).not.toContain(ESCAPE)
  }
  expect(isJson((await onTerminal(sandbox, 'chaperone version', { env: { CI: '' } })).screen)).toBe(false)
})

test('REQ-F-004: the envelope has the same five keys and the same meta, however a call ends', async () => {
  const tool = author(Sandbox.create())
  const keys = ['data', 'error', 'meta', 'ok', 'warnings']
  const always = [
    'command',
    'cwd',
    'duration_ms',
    'exit_code',
    'request_id',
    'schema_version',
    'timeout_ms',
    'timestamp',
    'tool_version',
  ]
  const calls = [
    ['rows'],
    ['one'],
    ['fail'],
    ['bogus'],
    ['rows', '--bogus'],
    ['--help'],
    ['--version'],
    ['one', '--schema'],
    [],
  ]
  for (const argv of calls) {
    const envelope = await tool.ask(argv)
    expect(Object.keys(envelope).sort(), argv.join(' ')).toEqual(keys)
    expect(Object.keys(envelope.meta), argv.join(' ')).toEqual(expect.arrayContaining(always))
    expect(Array.isArray(envelope.warnings)).toBe(true)
  }
  expect(await tool.ask(['one'])).toMatchObject({ ok: true, data: { id: 7 }, error: null })
  expect(await tool.ask(['fail'])).toMatchObject({ ok: false, data: null, error: { code: 'NOT_FOUND' } })
})

test('REQ-F-004: data that JSON cannot say still makes one valid envelope', async () => {
  const tool = author(
    Sandbox.create(),
    `command('odd', async () => {
      const circle = { name: 'c' }; circle.self = circle
      return { circle, big: 10n ** 30n, small: 5n, not: NaN, at: new Date(0), map: new Map([['k', new Set([1])]]), bytes: new Uint8Array([255]),
        none: undefined, run() {}, deep: Array.from({ length: 300 }).reduce(inner => [inner], 1) }
    }),
    command('hostile', async () => ({ get bad() { throw new Error('Not yours.') } }))`,
  )
  expect((await tool.ask(['odd'])).data).toMatchObject({
    circle: { name: 'c', self: '[circular]' },
    big: '1000000000000000000000000000000',
    small: 5,
    not: null,
    at: '1970-01-01T00:00:00.000Z',
    map: { k: [1] },
    bytes: { type: 'binary', encoding: 'base64', value: '/w==', size_bytes: 1 },
  })
  const { error, meta } = await tool.ask(['hostile'])
  expect(meta.exit_code).toBe(1)
  expect(error).toMatchObject({ code: 'DATA_UNREADABLE', phase: 'execution' })
})

test('REQ-F-007: escape sequences and carriage returns are gone from every string of an answer', async () => {
  const red = "'\\\\u001b[31mred\\\\u001b[0m\\\\r \\\\u001b]0;title\\\\u0007end\\\\u001b[2K'".replaceAll(
    '\\\\',
    '\\',
  )
  const tool = author(
    Sandbox.create(),
    `command('paint', async (args, ctx) => { ctx.warn('PAINTED', ${red}, { at: ${red} }); return { text: ${red}, list: [${red}], [${red}]: 1 } }),
     command('throw', async () => { throw new Error(${red}) }),
     command('exit', async (args, ctx) => { throw ctx.exit.NOT_FOUND(${red}, { context: { at: ${red} }, cause: ${red} }) }, {
       exit_codes: { NOT_FOUND: { description: 'Gone', retryable: false, side_effects: 'none' } } })`,
  )
  for (const argv of [
    ['paint'],
    ['throw'],
    ['exit'],
    ['paint', `${ESCAPE}[31mbogus${ESCAPE}[0m`],
    [`${ESCAPE}[31mbogus`],
  ]) {
    const answer = await tool.call(argv)
    checked(answer)
    expect(answer.stdout).not.toContain(ESCAPE)
    expect(answer.stdout).not.toContain('\\u001b')
    expect(answer.stdout).not.toContain('\\r')
  }
  expect((await tool.ask(['paint'])).data.text).toBe('red end')
})

test('REQ-F-008: no colour reaches either stream where the environment speaks against it', async () => {
  const sandbox = Sandbox.create()
  const line = 'chaperone version; chaperone show abcd'
  expect((await onTerminal(sandbox, line)).screen).toContain(ESCAPE)
  const silent: Record<string, string>[] = [
    { NO_COLOR: '' },
    { NO_COLOR: '1' },
    { TERM: 'dumb' },
    { GITHUB_ACTIONS: 'true' },
    { JENKINS_URL: 'http://x/' },
    { CI: '1' },
  ]
  for (const env of silent)
    expect((await onTerminal(sandbox, line, { env })).screen, JSON.stringify(env)).not.toContain(ESCAPE)
})

test('REQ-F-008: what a command runs inherits NO_COLOR=1', async () => {
  const tool = author(
    Sandbox.create(),
    "command('env', async (args, ctx) => ({ said: (await ctx.run(['sh', '-c', 'echo $NO_COLOR'])).stdout }))",
  )
  expect((await tool.ask(['env'])).data.said).toBe('1\n')
})

test('REQ-F-010: what a command runs, and what it starts by itself, has no pager', async () => {
  const tool = author(
    Sandbox.create(),
    `command('env', async (args, ctx) => {
      const { execFileSync } = await import('node:child_process')
      const line = 'echo $PAGER $GIT_PAGER'
      return { run: (await ctx.run(['sh', '-c', line])).stdout, own: execFileSync('sh', ['-c', line], { encoding: 'utf8' }) }
    })`,
  )
  const { data } = await tool.ask(['env'], { env: { PAGER: 'less', GIT_PAGER: 'less' } })
  expect(data).toEqual({ run: 'cat cat\n', own: 'cat cat\n' })
})

test('REQ-F-010: an answer longer than the screen is shown whole on a terminal, without a pager', async () => {
  const sandbox = Sandbox.create()
  const { code, screen } = await onTerminal(sandbox, 'chaperone manifest', { env: { PAGER: 'less' } })
  expect(code).toBe(0)
  expect(screen.split('\n').length).toBeGreaterThan(100)
})

test('REQ-O-001: --format json, jsonl, tsv and plain are there for every command, and say the same', async () => {
  const tool = author(Sandbox.create())
  const say = async (format: string, ...argv: string[]) => tool.call([...argv, '--format', format])
  expect(checked(await say('json', 'rows')).data.rows).toHaveLength(2)

  const lines = (await say('jsonl', 'rows')).stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines.slice(0, 2)).toEqual([
    { id: 1, name: 'a\tb' },
    { id: 2, name: 'ü\nv' },
  ])
  expect(lines).toHaveLength(3)
  expect(lines[2]).toMatchObject({ _summary: true, exit_code: 0, command: 'rows' })

  expect((await say('tsv', 'rows')).stdout).toBe('id\tname\n1\ta\\tb\n2\tü\\nv\n')
  const plain = await say('plain', 'rows')
  expect(plain.stdout).toContain('ü\\nv')
  expect((await say('plain', 'rows')).stdout).toBe(plain.stdout)
  expect((await say('tsv', 'one')).stdout).toBe('id\n7\n')
})

test('REQ-O-001: a failure keeps its exit code in every format, and is told', async () => {
  const tool = author(Sandbox.create())
  for (const format of ['json', 'jsonl', 'tsv', 'plain']) {
    const answer = await tool.call(['fail', '--format', format])
    expect(answer.code, format).toBe(5)
    if (format.startsWith('json')) {
      expect(checked(answer).error.code).toBe('NOT_FOUND')
      continue
    }
    expect(answer.stdout, format).toBe('')
    expect(answer.stderr, format).toContain('It is gone.')
    expect(answer.stderr, format).toContain('look elsewhere')
  }
})

test('REQ-O-001: an unknown format is refused with the list of formats; --output is no alias for it', async () => {
  const sandbox = Sandbox.create()
  const unknown = checked(await sandbox.call(['version', '--format', 'xml']))
  expect(unknown.meta.exit_code).toBe(2)
  for (const format of ['json', 'jsonl', 'tsv', 'plain']) expect(unknown.error.message).toContain(format)
  for (const argv of [
    ['version', '--output', 'json'],
    ['version', '--output=json'],
    ['version', '--json'],
  ]) {
    const { error, meta } = checked(await sandbox.call(argv))
    expect(meta.exit_code, argv.join(' ')).toBe(2)
    expect(error.suggestion, argv.join(' ')).toBe('chaperone version --format json')
  }
})

test('REQ-O-042: the tool’s own variable is the default of --format, and the flag wins', async () => {
  const sandbox = Sandbox.create()
  const with_variable = (value: string, ...argv: string[]) =>
    sandbox.call(['ps', ...argv], { env: { CHAPERONE_FORMAT: value } })
  const bytes = ({ stdout, code }: Answer) => [stdout, code]
  expect(bytes(await with_variable('plain'))).toEqual(bytes(await sandbox.call(['ps', '--format', 'plain'])))
  expect(checked(await with_variable('plain', '--format', 'json')).data).toEqual({ runs: [] })
  checked(
    await sandbox.call(['ps'], { env: { FORMAT: 'plain', _FORMAT: 'plain', CHAPERONE_OUTPUT: 'plain' } }),
  )
})

test('REQ-O-042: a value that is no format fails as the flag does, and both are told to agents', async () => {
  const sandbox = Sandbox.create()
  const by_flag = checked(await sandbox.call(['ps', '--format', 'bogus']))
  const by_variable = checked(await sandbox.call(['ps'], { env: { CHAPERONE_FORMAT: 'bogus' } }))
  expect(by_variable.meta.exit_code).toBe(2)
  expect(by_variable.error.code).toBe(by_flag.error.code)
  expect(Object.keys(by_variable.error).sort()).toEqual(Object.keys(by_flag.error).sort())
  expect(by_variable.error.errors[0]).toMatchObject({ field: 'format', code: 'ARG_ERROR', value: 'bogus' })
  expect(by_variable.error.message).toContain('CHAPERONE_FORMAT')

  const { flags } = checkedManifest(await sandbox.call(['manifest']))
  expect(flags.format.env_vars[0].name).toBe('CHAPERONE_FORMAT')
  expect((await sandbox.call(['--help'])).stderr).toContain('CHAPERONE_FORMAT')
})

test('non-ASCII text comes through arguments, environment, answers and errors unharmed, in any locale', async () => {
  const sandbox = Sandbox.create()
  const word = 'Ünïcödé 日本 🙂 e\u0301'
  const tool = author(
    sandbox,
    `command('echo', async ({ word, words }, ctx) => ({ word, words, [word]: ctx.env.WORD, child: (await ctx.run(['cat'], { input: word })).stdout }), {
      flags: { word: { type: 'string', required: true, description: 'W' } }, positionals: [{ name: 'words', type: 'string', variadic: true, description: 'V' }] })`,
  )
  for (const LC_ALL of ['C', 'C.UTF-8', 'de_DE.ISO-8859-1']) {
    const { data } = await tool.ask(['echo', '--word', word, word], {
      env: { LC_ALL, LANG: LC_ALL, WORD: word },
    })
    expect(data).toEqual({ word, words: [word], [word]: word, child: word })
  }
  const { error } = checked(await sandbox.call(['ps', '--status', word]))
  expect(error.errors[0].value).toBe(word)
})
