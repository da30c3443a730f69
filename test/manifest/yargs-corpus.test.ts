/** Our walker and yargs read the same command lines: where they differ is named, line by line, with the reason. */
import { describe, expect, test } from 'vitest'
import yargs from 'yargs'
import { type ArgumentContract, parseArguments } from '../../framework/argv/parse.js'
import { globalFlags } from '../../framework/contract/global-flags.js'
import { canonicalJson } from '../../framework/contract/projection.js'
import { YARGS_PARSING, yargsOption } from '../../manifest/yargs-options.js'

const WORDS = [{ name: 'words', type: 'string', variadic: true, description: 'Any words' }] as const

const CONTRACT: ArgumentContract = {
  name: 'deploy',
  flags: {
    target: { type: 'enum', enum_values: ['dev', 'prod'], short: 't', description: 'Where to' },
    count: { type: 'integer', short: 'n', description: 'How many' },
    ratio: { type: 'number', description: 'Which share' },
    name: { type: 'string', description: 'A name' },
    all: { type: 'boolean', short: 'a', description: 'Everything' },
    label: { type: 'array', short: 'l', description: 'A label' },
    'max-age': { type: 'string', description: 'How old' },
    region: { type: 'string', default: 'north', description: 'A region' },
  },
  positionals: WORDS,
}

const STRICT: ArgumentContract = {
  name: 'run',
  flags: {
    mode: { type: 'enum', enum_values: ['one', 'two'], description: 'How' },
    env: { type: 'array', description: 'A variable' },
  },
  positionals: WORDS,
  option_placement: 'strict',
}

interface Reading {
  readonly valid: boolean
  /** By name; text for every scalar, since yargs is told to guess no types. */
  readonly flags: Readonly<Record<string, unknown>>
  /** All positionals in one row: yargs keeps what follows `--` apart, which is no difference in reading. */
  readonly words: readonly unknown[]
}

const GLOBALS = globalFlags('TOOL_')

function ours(contract: ArgumentContract, argv: readonly string[]): Reading {
  const parsed = parseArguments({ tool: 'tool', contract, globals: GLOBALS, argv, env: {}, cwd: '/' })
  const { words, ...args } = parsed.args
  return {
    valid: parsed.errors.length === 0,
    flags: textual({ ...args, ...parsed.globals }),
    words: Array.isArray(words) ? words : [],
  }
}

async function theirs(contract: ArgumentContract, argv: readonly string[]): Promise<Reading> {
  let failed = false
  const parser = yargs([])
    .locale('en')
    .exitProcess(false)
    .help(false)
    .version(false)
    .parserConfiguration({ ...YARGS_PARSING, 'halt-at-non-option': contract.option_placement === 'strict' })
    .strictOptions()
    .fail(() => {
      failed = true
    })
  const declared = { ...contract.flags, ...GLOBALS }
  for (const [name, flag] of Object.entries(declared)) parser.option(name, yargsOption(flag))
  const { _: words, ...values } = await parser.parse([...argv])
  const flags = Object.entries(values).filter(
    ([name, value]) => Object.hasOwn(declared, name) && value !== undefined,
  )
  return { valid: !failed, flags: textual(Object.fromEntries(flags)), words: words.map(String) }
}

/** What is absent, false or empty says the same. */
function textual(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const said = Object.entries(values).filter(
    ([, value]) => value !== false && !(Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(
    said.map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]),
  )
}

const AGREED: readonly (readonly string[])[] = [
  [],
  ['--all'],
  ['web'],
  ['web', 'a', 'b'],
  ['--target', 'dev', 'web'],
  ['--target=dev', 'web'],
  ['-t', 'dev', 'web'],
  ['-t=dev', 'web'],
  ['web', '--target', 'dev'],
  ['web', '--target', 'dev', 'a', 'b'],
  ['web', 'a', '--all', 'b'],
  ['--all', 'web'],
  ['-a', 'web'],
  ['--no-all', 'web'],
  ['--all=true', 'web'],
  ['--all=false', 'web'],
  ['--count', '3', 'web'],
  ['--count', '-3', 'web'],
  ['--count=-3', 'web'],
  ['-n', '3', 'web'],
  ['--ratio', '0.5', 'web'],
  ['--name', 'a b', 'web'],
  ['--name=a=b', 'web'],
  ['--name=', 'web'],
  ['--name=-x', 'web'],
  ['--name=--all', 'web'],
  ['--name', '-', 'web'],
  ['--name', '-5', 'web'],
  ['--label', 'a', 'b', 'web'],
  ['--max-age', '3d', 'web'],
  ['--label', 'a', 'web'],
  ['--label', 'a', '--label', 'b', 'web'],
  ['-l', 'a', 'web', '-l', 'b'],
  ['--region', 'south', 'web'],
  ['--format', 'json', 'web'],
  ['web', '--format=tsv'],
  ['--quiet', 'web', '--session', 's-1'],
  ['-h', 'web'],
  ['web', '-V'],
  ['--', 'web'],
  ['web', '--', 'a'],
  ['web', '--', '--all', '-n'],
  ['web', '-'],
  ['007'],
  ['0x10', '1e3'],
  ['web', 'true'],
  ['ünï', '日本'],
]

const AGREED_INVALID: readonly (readonly string[])[] = [
  ['--target', 'nowhere', 'web'],
  ['--format', 'xml', 'web'],
  ['--nope', 'web'],
  ['--nope=1', 'web'],
  ['web', '-x'],
  ['web', '--name'],
  ['web', '--count'],
  ['--maxAge', '3d', 'web'],
  ['--an', '3', 'web'],
  ['--name', '--all', 'web'],
  ['--name', '--', 'web'],
  ['--name', '-x', 'web'],
  ['-an', '3', 'web'],
  ['-dir', 'x'],
  ['-n3', 'web'],
  ['-tdev', 'web'],
  ['-1x'],
  ['---all'],
  ['--=x'],
  ['--no-all=true'],
]

type Field = keyof Reading

/** Where they may differ, on what, and why ours is what it is. */
const DIFFER: readonly { argv: readonly string[]; on: readonly Field[]; why: string }[] = [
  { argv: ['--count', '1', '--count', '2'], on: ['valid'], why: 'a scalar has one value (REQ-F-067)' },
  { argv: ['--name=a', '--name', 'b'], on: ['valid'], why: 'a scalar has one value (REQ-F-067)' },
  { argv: ['--all', '--no-all'], on: ['valid'], why: 'a scalar has one value (REQ-F-067)' },
  {
    argv: ['--count', '1', '--count', '1'],
    on: ['flags'],
    why: 'the same value twice is that value, no list',
  },
  { argv: ['--count', 'x'], on: ['valid'], why: 'types are checked (REQ-C-015)' },
  { argv: ['--count', '0x10'], on: ['valid'], why: 'integers are decimal' },
  { argv: ['--ratio', 'Infinity'], on: ['valid'], why: 'numbers are those of JSON' },
  { argv: ['--session', '../x'], on: ['valid'], why: 'patterns are checked (REQ-C-020)' },
  { argv: ['--timeout', 'soon'], on: ['valid'], why: 'patterns are checked (REQ-C-020)' },
  { argv: ['--name', 'a\nb'], on: ['valid'], why: 'a line break can forge a line (REQ-F-044)' },
  { argv: ['--no-count'], on: ['valid'], why: 'only a boolean can be negated' },
  { argv: ['--all=yes'], on: ['valid'], why: 'yargs takes any other text for false' },
  { argv: ['--all', 'true'], on: ['words'], why: 'a boolean never takes the next word' },
  { argv: ['--cwd', 'x'], on: ['flags'], why: 'paths are made absolute (REQ-F-040)' },
  { argv: ['--label='], on: ['valid'], why: 'an empty item is an item' },
  { argv: ['web', '-5'], on: ['valid'], why: 'a negative number that no flag claims is a word' },
  { argv: ['-.5'], on: ['valid'], why: 'a negative number that no flag claims is a word' },
]

describe('lines that both accept, with the same values', () => {
  test.each(AGREED.map(argv => [argv]))('%j', async argv => {
    const mine = ours(CONTRACT, argv)
    expect(mine.valid).toBe(true)
    expect(await theirs(CONTRACT, argv)).toEqual(mine)
  })

  test.each([
    [['ls']],
    [['ls', '-l', '--mode', 'one']],
    [['--mode', 'two', 'ls', '--mode', 'x']],
    [['--env', 'A=1', '--env', 'B=2', 'ls']],
    [['--quiet', 'ls', '--quiet']],
    [['ls', 'a b', '']],
  ])('%j, options first', async argv => {
    const mine = ours(STRICT, argv)
    expect(mine.valid).toBe(true)
    expect(await theirs(STRICT, argv)).toEqual(mine)
  })
})

describe('lines that both refuse', () => {
  test.each(AGREED_INVALID.map(argv => [argv]))('%j', async argv => {
    expect(ours(CONTRACT, argv).valid).toBe(false)
    expect((await theirs(CONTRACT, argv)).valid).toBe(false)
  })
})

describe('lines on which they differ, and on nothing else', () => {
  test.each(DIFFER)('$argv: $why', async ({ argv, on }) => {
    expect(differences(ours(CONTRACT, argv), await theirs(CONTRACT, argv))).toEqual(on)
  })
})

/** What is read of a line that is refused means nothing. */
function differences(mine: Reading, other: Reading): Field[] {
  if (mine.valid !== other.valid) return ['valid']
  if (!mine.valid) return []
  const fields: readonly Field[] = ['flags', 'words']
  return fields.filter(field => canonicalJson(mine[field]) !== canonicalJson(other[field]))
}
