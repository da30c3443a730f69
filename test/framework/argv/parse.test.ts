/** Arguments by contract: the values that come out, and everything that is refused. */
import { describe, expect, test } from 'vitest'
import type { ParseRequest } from '../../../framework/argv/parse.js'
import { EXCLUSIVE_GLOBALS } from '../../../framework/contract/global-flags.js'
import { deploy, parse, run } from './contracts.js'

function values(argv: readonly string[], more: Partial<ParseRequest> = {}) {
  const parsed = parse(deploy, ['--target', 'dev', ...argv], more)
  expect(parsed.errors).toEqual([])
  return parsed.args
}

function faults(argv: readonly string[], more: Partial<ParseRequest> = {}) {
  return parse(deploy, ['--target', 'dev', ...argv], more).errors.map(
    ({ suggestion: _suggestion, ...fault }) => fault,
  )
}

describe('values', () => {
  test('what nobody gave: booleans are false, arrays empty, defaults hold, the rest has no key', () => {
    expect(values([])).toEqual({
      target: 'dev',
      count: 1,
      all: false,
      label: [],
      port: [],
      region: 'north',
      force: false,
      tag: [],
    })
  })

  test.each([
    [['--count', '3'], { count: 3 }],
    [['--count=3'], { count: 3 }],
    [['-n', '3'], { count: 3 }],
    [['-n=3'], { count: 3 }],
    [['--count', '-3'], { count: -3 }],
    [['--ratio', '-.5'.replace('-.', '-0.')], { ratio: -0.5 }],
    [['--ratio', '1e3'], { ratio: 1000 }],
    [['--level', '2'], { level: 2 }],
    [['--all'], { all: true }],
    [['-a'], { all: true }],
    [['--all=true'], { all: true }],
    [['--all=false'], { all: false }],
    [['--no-all'], { all: false }],
    [['--label', 'a', '--label=b', '--label', 'a'], { label: ['a', 'b', 'a'] }],
    [['--port', '80', '--port', '443'], { port: [80, 443] }],
    [['--options', '{"deep":{"er":[1]}}'], { options: { deep: { er: [1] } } }],
    [['--dir', 'x/../y'], { dir: '/project/y' }],
    [['--dir', '/abs'], { dir: '/abs' }],
    [['--id', 'a-b_3'], { id: 'a-b_3' }],
    [['--name', 'abc'], { name: 'abc' }],
    [['--region='], { region: '' }],
    [['web'], { app: 'web' }],
    [['-'], { app: '-' }],
    [['--', '--all'], { app: '--all', all: false }],
    [['web', '--all'], { app: 'web', all: true }],
  ])('%j gives %j', (argv, expected) => {
    expect(values(argv)).toMatchObject(expected)
  })

  test('the same argument given before and after the positional means the same', () => {
    expect(values(['--count', '3', 'web'])).toEqual(values(['web', '--count', '3']))
  })

  test('a scalar may be repeated with the same value, however it is spelled', () => {
    expect(values(['--count', '3', '-n=3'])).toMatchObject({ count: 3 })
  })

  test('only what the command line gives is present, and a false boolean is not', () => {
    const parsed = parse(deploy, ['--target', 'dev', '--no-all', '-n', '1', 'web'], {
      env: { TOOL_REGION: 'x' },
    })
    expect([...parsed.present].sort()).toEqual(['app', 'count', 'target'])
  })

  test('flags with a schema are handed on to be held to it, whoever gave them', () => {
    const parsed = parse(deploy, ['--target', 'dev', '--port', '80', '--options', '{}'])
    expect(parsed.schema_checks.map(({ field, param, value }) => ({ field, param, value }))).toEqual([
      { field: 'port', param: '--port', value: [80] },
      { field: 'options', param: '--options', value: {} },
    ])
    expect(parse(deploy, ['--target', 'dev']).schema_checks).toEqual([])
  })
})

describe('the environment', () => {
  test.each([
    [{ TOOL_REGION: 'a', REGION: 'b' }, { region: 'a' }],
    [{ TOOL_REGION: '', REGION: 'b' }, { region: 'b' }],
    [{ REGION: 'b' }, { region: 'b' }],
    [{ TOOL_FORCE: '1' }, { force: true }],
    [{ TOOL_FORCE: 'true' }, { force: true }],
    [{ TOOL_FORCE: '0' }, { force: false }],
    [{ TOOL_TAGS: 'a,b' }, { tag: ['a', 'b'] }],
    [{ TOOL_TAGS: '["a,b"]' }, { tag: ['a,b'] }],
  ])('%j gives %j', (env, expected) => {
    expect(values([], { env })).toMatchObject(expected)
  })

  test('the command line goes before it', () => {
    expect(
      values(['--region', 'here', '--no-force', '--tag', 'x'], {
        env: { TOOL_REGION: 'there', TOOL_FORCE: '1', TOOL_TAGS: 'y' },
      }),
    ).toMatchObject({ region: 'here', force: false, tag: ['x'] })
  })

  test("a bad value is refused in the variable's name", () => {
    expect(faults([], { env: { TOOL_FORCE: 'maybe' } })).toEqual([
      {
        field: 'force',
        param: '--force',
        code: 'ARG_ERROR',
        message: 'The environment variable TOOL_FORCE takes no value but true or false',
        value: 'maybe',
      },
    ])
  })
})

describe('globals', () => {
  test("they are told apart from the command's own flags and mean the same in any place", () => {
    const before = parse(deploy, ['--format', 'json', '--target', 'dev', 'web'])
    const after = parse(deploy, ['--target', 'dev', 'web', '--format=json'])
    expect(before.globals).toEqual(after.globals)
    expect(before.globals).toMatchObject({ format: 'json', help: false })
    expect(before.args).not.toHaveProperty('format')
  })

  test('--cwd is what all other paths start from, wherever it stands', () => {
    const { args, globals } = parse(deploy, ['--target', 'dev', '--dir', 'sub', '--cwd', 'base'])
    expect({ dir: args['dir'], cwd: globals['cwd'] }).toEqual({
      dir: '/project/base/sub',
      cwd: '/project/base',
    })
  })

  test('a bad format in the environment fails as the flag does', () => {
    expect(faults([], { env: { TOOL_FORMAT: 'xml' } })).toMatchObject([{ field: 'format', value: 'xml' }])
    expect(faults(['--format', 'xml'])).toMatchObject([{ field: 'format', value: 'xml' }])
    expect(faults(['--format', 'json'], { env: { TOOL_FORMAT: 'xml' } })).toEqual([])
  })

  test.each([['-leading'], ['a b'], ['a/b'], ['x'.repeat(65)], ['']])(
    'a session may not be called %j',
    session => {
      expect(faults([`--session=${session}`])).toMatchObject([{ field: 'session', code: 'ARG_ERROR' }])
    },
  )

  test('of quiet, verbose and debug one can be given', () => {
    const more = { exclusive: EXCLUSIVE_GLOBALS }
    expect(faults(['--quiet', '--debug'], more).map(({ message }) => message)).toEqual([
      '--debug cannot be given together with --quiet',
    ])
    expect(faults(['--quiet'], more)).toEqual([])
  })
})

describe('refusals', () => {
  test.each<[string[], Record<string, unknown>]>([
    [
      ['--count', 'x'],
      { field: 'count', param: '--count', message: "--count must be an integer, not 'x'", value: 'x' },
    ],
    [['--count', '1.0'], { field: 'count' }],
    [['--count', '0x10'], { field: 'count' }],
    [['--count', '9007199254740993'], { field: 'count' }],
    [['--count='], { field: 'count', value: '' }],
    [['--ratio', 'NaN'], { field: 'ratio' }],
    [['--ratio', '1e999'], { field: 'ratio' }],
    [['--level', '4'], { message: "--level must be one of 1, 2, 3, not '4'" }],
    [['--all=yes'], { field: 'all', value: 'yes' }],
    [['--no-all=true'], { field: 'all' }],
    [['--no-count'], { field: 'no-count', param: '--no-count' }],
    [['--port', 'http'], { field: 'port', value: 'http' }],
    [['--options', '{bad'], { field: 'options', code: 'INVALID_JSON' }],
    [['--options', '[]'], { field: 'options', code: 'INVALID_JSON' }],
    [['--name', 'A1'], { message: "--name must match ^[a-z]+$, not 'A1'" }],
    [['--region', 'a\nb'], { message: '--region must not hold a line break', value: 'a\nb' }],
    [['--region', 'a\0'], { message: '--region must not hold a NUL character' }],
    [['--dir='], { message: '--dir must not be empty' }],
    [['--dir'], { message: '--dir needs a value; one that begins with a dash is written --dir=<value>' }],
    [['--dir', '--all'], { field: 'dir' }],
    [['--dir', '--', 'x'], { field: 'dir' }],
    [['--count', '3', '--count', '4'], { field: 'count', value: '--count=3 --count=4' }],
    [['--all', '--no-all'], { message: '--all is given more than once, with different values' }],
    [['-x'], { field: 'x', param: '-x', message: "'-x' is not a flag of 'deploy'" }],
    [['-an', '3'], { field: 'an' }],
    [['--__proto__=x'], { field: '__proto__' }],
    [
      ['web', 'extra'],
      { field: 'positionals', value: 'extra', message: "'extra' is one word too many: 'deploy' takes <app>" },
    ],
    [['web\r'], { field: 'app' }],
  ])('%j is refused', (argv, expected) => {
    expect(faults(argv)[0]).toMatchObject({ code: 'ARG_ERROR', ...expected })
  })

  test('everything that is wrong is in one answer', () => {
    const { errors } = parse(deploy, ['--nope', '--count', 'x', '--id', 'a?b', 'web', 'two'])
    expect(errors.map(({ field }) => field)).toEqual(['nope', 'target', 'count', 'id', 'positionals'])
  })

  test('words too many are one fault, however many they are', () => {
    expect(faults(['web', ...Array.from({ length: 300_000 }, () => 'x')])).toMatchObject([
      { message: "'x' and 299999 more are too many words: 'deploy' takes <app>" },
    ])
  })

  test.each([
    ['../etc', 'path_traversal'],
    ['a%2f', 'percent_encoding'],
    ['%2e%2e', 'encoded_path_traversal'],
    ['a?b=c', 'query_parameters'],
    ['a#b', 'fragment'],
  ])('the id %j is an invention (%s)', (id, rejected_pattern) => {
    expect(faults(['--id', id])).toEqual([
      {
        field: 'id',
        param: '--id',
        code: 'INVALID_AGENT_INPUT',
        message: `--id holds what no alphanumeric_id can hold (${rejected_pattern})`,
        value: id,
        rejected_pattern,
      },
    ])
  })

  test('a path may climb, but not in disguise', () => {
    expect(values(['--dir', '../x'])).toMatchObject({ dir: '/x' })
    expect(faults(['--dir', '..%2fx'])).toMatchObject([{ code: 'INVALID_AGENT_INPUT' }])
  })

  test('a required flag that is wrongly given is not also missing', () => {
    expect(parse(deploy, ['--target', 'nowhere']).errors).toHaveLength(1)
  })

  test('a required positional says what it is', () => {
    expect(parse(run, []).errors[0]?.message).toBe('<argv> is required (The program)')
  })
})

describe('strict placement', () => {
  test.each([
    [
      ['ls', '-l', '--format', 'json'],
      ['ls', '-l', '--format', 'json'],
    ],
    [
      ['--', 'ls', '-l'],
      ['ls', '-l'],
    ],
    [
      ['--env', 'A=1', 'ls', '--', '-l'],
      ['ls', '--', '-l'],
    ],
    [
      ['sh', '-c', 'one\ntwo'],
      ['sh', '-c', 'one\ntwo'],
    ],
  ])('%j hands on %j', (argv, expected) => {
    const parsed = parse(run, argv)
    expect(parsed.errors).toEqual([])
    expect(parsed.args['argv']).toEqual(expected)
    expect(parsed.globals['format']).toBeUndefined()
  })

  test('a program gets as many words as the system allows', () => {
    const words = Array.from({ length: 300_000 }, (_, index) => String(index))
    expect(parse(run, ['--', ...words]).args['argv']).toEqual(words)
  })

  test('NUL is refused even there: no program can be given one', () => {
    expect(parse(run, ['ls', 'a\0b']).errors).toMatchObject([{ field: 'argv' }])
  })
})
