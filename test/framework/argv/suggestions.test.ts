/** Every refusal names a command line that works, and none repeats a secret. */
import { describe, expect, test } from 'vitest'
import { splitCommandLine } from '../../../framework/argv/command-line.js'
import { explainUnknown } from '../../../framework/argv/nearest-command.js'
import type { ArgumentContract } from '../../../framework/argv/request.js'
import { resolveCommand } from '../../../framework/argv/resolve.js'
import { deploy, GLOBALS, parse, run } from './contracts.js'

const contracts = new Map([deploy, run].map(contract => [contract.name, contract]))

const request = (argv: readonly string[]) => ({
  tool: 'tool',
  argv,
  paths: [...contracts.keys()],
  aliases: new Map(),
  globals: GLOBALS,
  contract_of: (path: string) => contracts.get(path),
})

/** Runs a suggestion through resolution and parsing, as the shell would hand it to the tool. */
function works(line: string): boolean {
  const [tool, ...argv] = splitCommandLine(line) ?? []
  const found = resolveCommand(request(argv))
  if (tool !== 'tool') return false
  if (found.kind !== 'command') return found.kind === 'none'
  const contract = contracts.get(found.path)
  if (!contract) return false
  const parsed = parse(contract, found.rest)
  return parsed.errors.length === 0 || parsed.globals['help'] === true
}

function suggestion(argv: readonly string[], contract = deploy): string {
  const [first] = parse(contract, argv).errors
  return first?.suggestion ?? ''
}

describe('of arguments', () => {
  test.each([
    [['--traget', 'dev'], 'tool deploy --target dev'],
    [['--target', 'dve', '--al'], 'tool deploy --target dev --all'],
    [['--target', 'dev', '--json'], 'tool deploy --target dev --format json'],
    [['--target', 'dev', '--output', 'tsv'], 'tool deploy --target dev --format tsv'],
    [['--target', 'dev', '-dir', 'a b'], "tool deploy --target dev --dir 'a b'"],
    [['--target', 'dev', '--format', 'jsn', 'web'], 'tool deploy --target dev --format json web'],
    [['--target', 'dev', '--cuont=-3'], 'tool deploy --target dev --count=-3'],
    // Nothing near, or still wrong when repaired: the help, for an example would deploy.
    [[], 'tool deploy --help'],
    [['--target', 'dev', '--nonsense'], 'tool deploy --help'],
    [['--al', '--count', 'x'], 'tool deploy --help'],
  ])('%j is answered with %s', (argv, expected) => {
    expect(suggestion(argv)).toBe(expected)
    expect(works(expected)).toBe(true)
  })

  test('the example of a command that is safe is given, unless it names a run or a session', () => {
    const example = 'tool look --all'
    const look: ArgumentContract = {
      name: 'look',
      flags: { all: { type: 'boolean', required: true, description: 'Everything' } },
      danger_level: 'safe',
      examples: [{ description: 'Look', command: example }],
    }
    expect(suggestion([], look)).toBe(example)
    for (const command of ['tool look --all 3f2a', 'tool look --all --session ci-job-7'])
      expect(suggestion([], { ...look, examples: [{ description: 'Look', command }] })).toBe(
        'tool look --help',
      )
    for (const danger_level of ['mutating', 'destructive'] as const)
      expect(suggestion([], { ...look, danger_level })).toBe('tool look --help')
  })

  test('without an example the help is named', () => {
    expect(suggestion([], run)).toBe('tool run --help')
    expect(suggestion(['--mode', 'strict', 'ls'], run)).toBe('tool run --mode strict-run ls')
  })
})

describe('of secrets', () => {
  test.each([
    [['--target', 'dev', '--api-token', 'hunter2']],
    [['--target', 'dev', '--api-token=hunter2', '--api-token=other']],
    [['--target', 'dev', '--api-tokn', 'hunter2']],
    [['--target', 'dev', '--password', 'hunter2']],
    [['--target', 'dev', '--my-secret=hunter2']],
    [['--traget', 'dev', '--api-token', 't-hunter2']],
  ])('%j shows none of it', argv => {
    const { errors } = parse(deploy, argv)
    expect(errors.length).toBeGreaterThan(0)
    expect(JSON.stringify(errors)).not.toContain('hunter2')
  })
})

describe('of commands', () => {
  test.each([
    [['depoly', '--target', 'dev'], ['tool deploy --target dev']],
    // What cannot be carried over gives way to what works.
    [['depoly', '--nope'], ['tool deploy --help']],
    [['rnu', 'ls', '-l'], ['tool run ls -l']],
    [['--format', 'json', 'rnu', 'ls'], ['tool run --format json ls']],
    [['zzzzzz'], ['tool --help']],
    [['help', 'deploy'], ['tool deploy --help']],
    [['help'], ['tool --help']],
    [['--target', 'dev', 'deploy'], ['tool deploy --target dev']],
    [['--hlep', 'deploy'], ['tool deploy --help']],
    [['--fromat=json', 'deploy', '--target', 'dev'], ['tool deploy --format=json --target dev']],
    [['--fromat', 'json', 'deploy', '--target', 'dev'], ['tool deploy --format json --target dev']],
    [['deplyo', '--api-token', 't-hunter'], ['tool deploy --help']],
  ])('%j is answered with %j', (argv, expected) => {
    const found = resolveCommand(request(argv))
    if (found.kind !== 'unknown') throw new Error(`${found.kind} found`)
    expect(explainUnknown(request(argv), found).suggestions).toEqual(expected)
    for (const line of expected) expect(works(line)).toBe(true)
  })
})
