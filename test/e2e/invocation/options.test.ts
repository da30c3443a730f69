/** Options anywhere, globals that mean the same anywhere, and what is answered to a line that means nothing. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AuthorTool, listTool } from '../contract/harness/author.js'
import { checked, checkedManifest } from '../contract/harness/checked.js'
import { Sandbox } from '../harness/sandbox.js'

const ECHO = `command('say loudly', async (args, ctx) => ({ args, session: ctx.session, cwd: ctx.cwd }), {
  flags: { times: { type: 'integer', default: 1, description: 'How often' }, tag: { type: 'array', description: 'Tags' },
    shout: { type: 'boolean', short: 's', description: 'Louder' }, file: { type: 'string', pattern_type: 'filepath', description: 'Where' } },
  positionals: [{ name: 'words', type: 'string', variadic: true, description: 'What' }],
  examples: [{ description: 'Say it', command: 'mytool say loudly --times 2 hello' }] })`
const STRICT = `command('wrap', async args => ({ args }), { option_placement: 'strict', flags: { deep: { type: 'boolean', description: 'Deep' } },
  positionals: [{ name: 'argv', type: 'string', variadic: true, description: 'A command line' }] })`

const author = (sandbox: Sandbox) => new AuthorTool(sandbox, { 'tool.mjs': listTool(`${ECHO}, ${STRICT}`) })

test('REQ-F-067: options stand anywhere after the command, and before or between its words where they are global', async () => {
  const tool = author(Sandbox.create())
  const lines = [
    ['say', 'loudly', '--times', '3', 'a', 'b', '--session', 'one'],
    ['say', 'loudly', 'a', '--times', '3', 'b', '--session', 'one'],
    ['say', 'loudly', 'a', 'b', '--times=3', '--session=one'],
    ['--session', 'one', 'say', 'loudly', 'a', 'b', '--times', '3'],
    ['say', '--session=one', 'loudly', 'a', 'b', '--times', '3'],
    ['say', 'loudly', '--times', '3', '--session', 'one', '--', 'a', 'b'],
  ]
  const answers = await Promise.all(lines.map(argv => tool.ask(argv)))
  for (const { data } of answers) expect(data).toEqual(answers[0]?.data)
  expect(answers[0]?.data.args).toEqual({ times: 3, tag: [], shout: false, words: ['a', 'b'] })
  expect(answers[0]?.data.session).toEqual({ id: 'one', given: true })
})

test('REQ-F-067: `--` ends options; what follows is words, whatever it looks like', async () => {
  const { data } = await author(Sandbox.create()).ask([
    'say',
    'loudly',
    '-s',
    '--',
    '--times',
    '9',
    '-x',
    '--',
    '--help',
  ])
  expect(data.args).toMatchObject({ shout: true, times: 1, words: ['--times', '9', '-x', '--', '--help'] })
})

test('REQ-F-067: a scalar given twice with two values is refused, with the same value not; arrays accumulate', async () => {
  const tool = author(Sandbox.create())
  const twice = await tool.ask(['say', 'loudly', '--times', '1', '--times', '2'])
  expect(twice.meta.exit_code).toBe(2)
  expect(twice.error.errors).toMatchObject([{ field: 'times', param: '--times', code: 'ARG_ERROR' }])
  expect((await tool.ask(['say', 'loudly', '--times', '2', '--times=2'])).data.args.times).toBe(2)
  expect((await tool.ask(['--session', 'a', 'say', 'loudly', '--session', 'b'])).meta.exit_code).toBe(2)
  expect(
    (await tool.ask(['say', 'loudly', '--tag', 'a', 'x', '--tag', 'b', '--tag=a'])).data.args.tag,
  ).toEqual(['a', 'b', 'a'])
})

test('REQ-F-067: a command that takes another command line says so in the manifest, and takes it verbatim', async () => {
  const tool = author(Sandbox.create())
  const { commands } = checkedManifest(await tool.call(['manifest']))
  expect(commands.wrap.option_placement).toBe('strict')
  const argv = ['git', '--deep', '--format', 'x', '-V', '--', 'two\nlines']
  expect((await tool.ask(['wrap', '--deep', ...argv])).data.args).toEqual({ deep: true, argv })
})

test('REQ-F-079: globals are declared once, for all commands, and no command may take their names', async () => {
  const sandbox = Sandbox.create()
  const { flags, commands } = checkedManifest(await sandbox.call(['manifest']))
  for (const command of Object.values<{ flags: object }>(commands))
    for (const name of Object.keys(flags)) expect(Object.keys(command.flags)).not.toContain(name)
  for (const [name, short] of [
    ['format', 'x'],
    ['quiet', 'x'],
    ['mine', 'h'],
    ['mine', 'V'],
  ]) {
    const clash = new AuthorTool(sandbox, {
      'tool.mjs': listTool(
        `command('one', async () => ({}), { flags: { ${name}: { type: 'boolean', short: '${short}', description: 'X' } } })`,
      ),
    })
    expect((await clash.ask(['one'])).error.code, `${name} ${short}`).toBe('REGISTRATION_REFUSED')
  }
})

test('REQ-F-079: a global has the same value wherever it stands', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  mkdirSync(join(sandbox.path, 'deep'))
  for (const argv of [
    ['--cwd', 'deep', 'say', 'loudly', '--file', 'x'],
    ['say', '--cwd', 'deep', 'loudly', '--file', 'x'],
    ['say', 'loudly', '--file', 'x', '--cwd', 'deep'],
  ]) {
    const { data, meta } = await tool.ask(argv)
    expect([data.cwd, data.args.file, meta.cwd]).toEqual([
      join(sandbox.path, 'deep'),
      join(sandbox.path, 'deep', 'x'),
      join(sandbox.path, 'deep'),
    ])
  }
})

test('--cwd that leads nowhere, or to a file, is refused before anything is done', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  for (const cwd of ['absent', tool.script, '']) {
    const { error, meta } = await tool.ask(['say', 'loudly', '--cwd', cwd])
    expect(meta.exit_code, cwd).toBe(2)
    expect(error.errors[0].field).toBe('cwd')
  }
})

test('an unknown command is answered with the nearest real invocation, which is accepted', async () => {
  const sandbox = Sandbox.create()
  const dir = sandbox.directory('watched')
  for (const [argv, expected] of [
    [['start-wacher', '--dir', dir], `chaperone start-watcher --dir ${dir}`],
    [['start-wacher'], 'chaperone start-watcher --dir .'],
    [['sesion', 'list'], 'chaperone session list'],
    [['list'], 'chaperone session list'],
    [['session'], 'chaperone session list'],
    [['help'], 'chaperone --help'],
    [['help', 'ps'], 'chaperone ps --help'],
    [['pss', '--all'], 'chaperone ps --all'],
    [['xyzzy'], 'chaperone --help'],
    [['--formt', 'json', 'version'], null],
  ] as const) {
    const { error, meta } = checked(await sandbox.call(argv, { cwd: dir }))
    const what = argv.join(' ')
    expect([meta.exit_code, error.code], what).toEqual([2, 'UNKNOWN_COMMAND'])
    if (expected !== null) expect(error.suggestion, what).toBe(expected)
    for (const line of error.context.suggestions) {
      const answer = checked(await sandbox.sh(line, { cwd: dir }))
      expect(answer.meta.exit_code, `${what} → ${line}`).not.toBe(2)
    }
  }
  checked(await sandbox.call(['cleanup', '--all-sessions']))
})

test('an unknown flag is answered with a whole line that is accepted', async () => {
  const sandbox = Sandbox.create()
  const tool = author(sandbox)
  for (const [argv, expected] of [
    [['say', 'loudly', '--tims', '3', 'hello'], 'mytool say loudly --times 3 hello'],
    [['say', 'loudly', '--time=3'], 'mytool say loudly --times 3'],
    [['say', 'loudly', '--shuot'], 'mytool say loudly --shout'],
    [['say', 'loudly', '-q'], null],
    [['say', 'loudly', '--wholly-unheard-of'], 'mytool say loudly --times 2 hello'],
    [['say', 'loudly', '--times', 'many'], 'mytool say loudly --times 2 hello'],
  ] as const) {
    const { error, meta } = await tool.ask(argv)
    expect(meta.exit_code, argv.join(' ')).toBe(2)
    if (expected !== null) expect(error.suggestion).toBe(expected)
    expect(checked(await tool.sh(error.suggestion)).meta.exit_code, error.suggestion).toBe(0)
  }
})

test('a suggestion never repeats a secret', async () => {
  const tool = author(Sandbox.create())
  for (const argv of [
    ['say', 'loudly', '--api-key', 'hunter2'],
    ['say', 'lodly', '--api-key', 'hunter2'],
    ['say', 'loudly', '--password=hunter2'],
  ])
    expect((await tool.call(argv)).stdout, argv.join(' ')).not.toContain('hunter2')
})

const MALFORMED = [
  '../x',
  '..',
  '.hidden',
  'a/b',
  'a\\b',
  'a b',
  ' a',
  'a\n',
  'a\tb',
  'é',
  '-dash',
  'a:b',
  'a%2fb',
  '$HOME',
  'a;b',
  'x'.repeat(65),
  'x'.repeat(200),
  '/',
]

test('every malformed --session is refused with exit 2, in any position and from the environment, and nothing is written', async () => {
  const sandbox = Sandbox.create()
  const dir = sandbox.directory('watched')
  const commands = [['start-watcher', '--dir', dir], ['ps'], ['stop', 'abcd'], ['cleanup']]
  for (const [index, session] of [...MALFORMED, ''].entries()) {
    const command = commands[index % commands.length] ?? []
    const given = checked(await sandbox.call([...command, `--session=${session}`]))
    expect(given.meta.exit_code, session).toBe(2)
    expect(given.error.errors[0], session).toMatchObject({ field: 'session', param: '--session' })
    if (session === '') continue
    const from_environment = checked(await sandbox.call(command, { env: { CHAPERONE_SESSION_ID: session } }))
    expect(from_environment.meta.exit_code, session).toBe(2)
    expect(from_environment.error.message, session).toContain('CHAPERONE_SESSION_ID')
  }
  expect(await sandbox.sh(`test ! -e '${sandbox.state}'`)).toMatchObject({ code: 0 })
  await sandbox.nothingLeft()
})

test('well-formed sessions are accepted: letters, digits, dots, underscores and hyphens, up to 64', async () => {
  const tool = author(Sandbox.create())
  for (const session of ['a', '7', 'A.b_c-d', 'x'.repeat(64), '0..']) {
    const { data } = await tool.ask(['say', 'loudly', '--session', session])
    expect(data.session).toEqual({ id: session, given: true })
  }
  expect((await tool.ask(['say', 'loudly'], { env: { MYTOOL_SESSION_ID: 'env' } })).data.session).toEqual({
    id: 'env',
    given: true,
  })
  const made_up = await tool.ask(['say', 'loudly'])
  expect(made_up.data.session).toEqual({ id: made_up.meta.request_id, given: false })
})

test('--quiet says nothing, --verbose what the command tells, --debug everything; off a terminal nothing but errors', async () => {
  const tool = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(
      "command('talk', async (args, ctx) => { ctx.log('LOG'); ctx.debug('DEBUG'); ctx.progress(1); ctx.warn('CARE', 'Mind it.'); return {} })",
    ),
  })
  const said = async (...argv: string[]) => {
    const { stderr, code } = await tool.call(['talk', ...argv])
    expect(code).toBe(0)
    return ['LOG', 'DEBUG', 'Mind it.'].filter(word => stderr.includes(word))
  }
  expect(await said()).toEqual([])
  expect(await said('--verbose')).toEqual(['LOG'])
  expect(await said('--debug')).toEqual(['LOG', 'DEBUG'])
  expect(await said('--format', 'plain')).toEqual(['Mind it.'])
  expect((await tool.call(['talk', '--quiet', '--format', 'plain'])).stderr).toBe('')
  for (const pair of [
    ['--quiet', '--verbose'],
    ['--verbose', '--debug'],
    ['--debug', '--quiet'],
  ]) {
    const { error, meta } = await tool.ask(['talk', ...pair])
    expect([meta.exit_code, error.errors.length], pair.join(' ')).toEqual([2, 1])
  }
})
