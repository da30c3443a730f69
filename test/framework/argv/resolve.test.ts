/** Finding the command among the words and options of a command line. */
import { describe, expect, test } from 'vitest'
import { explainUnknown } from '../../../framework/argv/nearest-command.js'
import { resolveCommand } from '../../../framework/argv/resolve.js'
import { globalFlags } from '../../../framework/contract/global-flags.js'

const request = (argv: readonly string[]) => ({
  tool: 'tool',
  argv,
  paths: ['ps', 'run', 'deploy', 'deploy rollback', 'session list', 'session stop', 'constructor'],
  aliases: new Map([
    ['ls', 'ps'],
    ['undo', 'deploy rollback'],
  ]),
  globals: globalFlags('TOOL_'),
})

const resolve = (argv: readonly string[]) => resolveCommand(request(argv))

/** What is said of words that name no command. */
function explained(argv: readonly string[]) {
  const found = resolve(argv)
  if (found.kind !== 'unknown') throw new Error(`${argv.join(' ')} is ${found.kind}`)
  const { words, rest } = found
  return { words, rest, ...explainUnknown(request(argv), found) }
}

describe('a command', () => {
  test.each([
    [['ps'], 'ps', []],
    [['ps', '--all'], 'ps', ['--all']],
    [['ls', 'x'], 'ps', ['x']],
    [['undo'], 'deploy rollback', []],
    [['deploy', 'rollback', 'v1'], 'deploy rollback', ['v1']],
    [['deploy', 'web'], 'deploy', ['web']],
    [['deploy', '--dry-run', 'rollback'], 'deploy', ['--dry-run', 'rollback']],
    [['deploy', '--', 'rollback'], 'deploy', ['--', 'rollback']],
    [
      ['--format', 'json', 'deploy', '--quiet', 'rollback', '--cwd=/'],
      'deploy rollback',
      ['--format', 'json', '--quiet', '--cwd=/'],
    ],
    [['--format', 'ps', 'ps'], 'ps', ['--format', 'ps']],
    [['run', 'ps', '--format', 'json'], 'run', ['ps', '--format', 'json']],
    [['session', '--session', 'list', 'stop'], 'session stop', ['--session', 'list']],
    [['constructor'], 'constructor', []],
  ])('%j is %s with %j', (argv, path, rest) => {
    expect(resolve(argv)).toEqual({ kind: 'command', path, rest })
  })
})

test.each([[[]], [['--help']], [['--format', 'json']], [['--', 'ps']], [['--nope']]])(
  '%j names none',
  argv => {
    expect(resolve(argv)).toEqual({ kind: 'none', rest: argv })
  },
)

test.each([
  [['session'], 'session', []],
  [['--quiet', 'session', '--help'], 'session', ['--quiet', '--help']],
])('%j names a group', (argv, prefix, rest) => {
  expect(resolve(argv)).toEqual({ kind: 'group', prefix, rest })
})

describe('an unknown command', () => {
  test.each([
    [['pss', '--all'], "'pss' is not a command of tool", ['pss'], ['--all'], ['tool ps --all']],
    [
      ['session', 'lsit'],
      "'session lsit' is not a command of tool",
      ['session', 'lsit'],
      [],
      ['tool session list'],
    ],
    [
      ['session', 'frobnicate'],
      "'session frobnicate' is not a command of tool",
      ['session', 'frobnicate'],
      [],
      ['tool session --help'],
    ],
    [
      ['dep', 'rollbck'],
      "'dep' is not a command of tool",
      ['dep', 'rollbck'],
      [],
      ['tool deploy rollback', 'tool deploy rollbck'],
    ],
    [
      ['session-list', '--quiet'],
      "'session-list' is not a command of tool",
      ['session-list'],
      ['--quiet'],
      ['tool session list --quiet'],
    ],
    [['sesion'], "'sesion' is not a command of tool", ['sesion'], [], ['tool session --help']],
    [['list'], "'list' is not a command of tool", ['list'], [], ['tool session list']],
    [['toString'], "'toString' is not a command of tool", ['toString'], [], ['tool --help']],
    [['a\nb'], "'a\\nb' is not a command of tool", ['a\nb'], [], ['tool --help']],
  ])('%j', (argv, message, words, rest, suggestions) => {
    expect(explained(argv)).toEqual({ message, words, rest, suggestions })
  })

  test('an option of a command that stands before it is no guess at what its value is', () => {
    expect(explained(['--status', 'ps', 'deploy'])).toMatchObject({
      words: ['--status'],
      message: "'--status' is no global option, and options of a command come after its name",
    })
  })
})
