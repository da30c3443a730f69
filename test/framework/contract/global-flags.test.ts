/** The global options and their typed view. */
import { expect, test } from 'vitest'
import { parseArguments } from '../../../framework/argv/parse.js'
import {
  EXCLUSIVE_GLOBALS,
  GLOBAL_FLAGS,
  globalFlags,
  readGlobals,
} from '../../../framework/contract/global-flags.js'

function read(argv: readonly string[], env: Record<string, string> = {}) {
  const { globals } = parseArguments({
    tool: 'tool',
    contract: { name: '', flags: {} },
    globals: globalFlags('TOOL_'),
    exclusive: EXCLUSIVE_GLOBALS,
    argv,
    env,
    cwd: '/base',
  })
  return readGlobals(globals)
}

const NONE = {
  format: null,
  session: null,
  timeout_ms: null,
  quiet: false,
  verbose: false,
  debug: false,
  cwd: null,
  help: false,
  version: false,
  schema: false,
  output_schema: false,
}

test('a bare call asks for nothing', () => {
  expect(read([])).toEqual(NONE)
})

test.each([
  [['--format', 'jsonl'], { format: 'jsonl' }],
  [['--session', 'ci-1'], { session: 'ci-1' }],
  [['--timeout', '1500ms'], { timeout_ms: 1500 }],
  [['--timeout', '0'], { timeout_ms: 0 }],
  [['--cwd', 'sub'], { cwd: '/base/sub' }],
  [['-h'], { help: true }],
  [['-V'], { version: true }],
  [['--schema'], { schema: true }],
  [['--print-schema'], { schema: true }],
  [['--output-schema'], { output_schema: true }],
  [['--verbose'], { verbose: true }],
])('%j', (argv, expected) => {
  expect(read(argv)).toEqual({ ...NONE, ...expected })
})

test("the tool's own variables stand for the format and the session", () => {
  expect(read([], { TOOL_FORMAT: 'tsv', TOOL_SESSION_ID: 's' })).toEqual({
    ...NONE,
    format: 'tsv',
    session: 's',
  })
})

test.each([[['--format', 'xml']], [['--timeout', 'soon']], [['--session', '../x']], [['--cwd=']]])(
  'a value at fault (%j) counts as not given, so that the refusal itself has a form',
  argv => {
    expect(read(argv)).toEqual(NONE)
  },
)

test('every global says what it is, and no short name stands for two', () => {
  const shorts = Object.values(GLOBAL_FLAGS).flatMap(flag => ('short' in flag ? [flag.short] : []))
  expect(new Set(shorts).size).toBe(shorts.length)
  for (const { description } of Object.values(GLOBAL_FLAGS)) expect(description.length).toBeGreaterThan(10)
})
