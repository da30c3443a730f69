/** Exit codes: what a contract may declare, what a handler may end with, and what the answer says of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { AuthorTool, listTool } from './harness/author.js'
import { checked, checkedManifest, expectFits } from './harness/checked.js'

const NUMBERS = {
  SUCCESS: 0,
  GENERAL_ERROR: 1,
  ARG_ERROR: 2,
  PARTIAL_FAILURE: 3,
  PRECONDITION: 4,
  NOT_FOUND: 5,
  CONFLICT: 6,
  PERMISSION_DENIED: 7,
  AUTH_REQUIRED: 8,
  PAYMENT_REQUIRED: 9,
  TIMEOUT: 10,
  RATE_LIMITED: 11,
  UNAVAILABLE: 12,
  REDIRECTED: 13,
  INCOMPLETE: 14,
} as const

/** Names that a handler can end with: success is a return, and ARG_ERROR is the framework's alone. */
const THROWN = Object.entries(NUMBERS).filter(([name]) => name !== 'SUCCESS' && name !== 'ARG_ERROR')

const entry = (name: string, more = '') =>
  `${name}: { description: 'It ended with ${name}', retryable: false, side_effects: 'none' ${more} }`

async function refusedCodes(more: string): Promise<string[]> {
  const source = listTool(
    `{ name: 'one', description: 'One.', danger_level: 'safe', required_scopes: [], flags: {}, output_schema: { type: 'object' }, async execute() { return {} }, ${more} }`,
  )
  const { error } = await new AuthorTool(Sandbox.create(), { 'tool.mjs': source }).ask(['one'])
  expect(error.code).toBe('REGISTRATION_REFUSED')
  return error.context.violations.map(
    ({ code, place }: { code: string; place: string }) => `${code} ${place}`,
  )
}

test('REQ-F-001: a named constant stands for every code of the table', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': "import { ExitCode } from 'chaperone'\nconsole.log(JSON.stringify(ExitCode))",
  })
  expect(JSON.parse((await author.call([])).stdout)).toEqual(NUMBERS)
})

test('REQ-F-001: each declared exit ends the process with its own number and names itself in the answer', async () => {
  const names = [...THROWN.map(([name]) => name), 'QUOTA_GONE']
  const exits = [...THROWN.map(([name]) => entry(name)), entry('QUOTA_GONE', ', code: 93')]
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(
      `command('end', async ({ with: name }, ctx) => { throw ctx.exit[name]('It ended.') }, {
        flags: { with: { type: 'enum', enum_values: ${JSON.stringify(names)}, required: true, description: 'The exit' } },
        exit_codes: { ${exits.join(',')} } })`,
    ),
  })
  const numbers: Readonly<Record<string, number>> = { ...NUMBERS, QUOTA_GONE: 93 }
  for (const name of names) {
    const envelope = await author.ask(['end', '--with', name])
    expect(envelope.meta.exit_code).toBe(numbers[name])
    expect(envelope.error).toMatchObject({ code: name, message: 'It ended.', phase: 'execution' })
  }
})

test('REQ-F-001: a handler that ends with an undeclared exit fails as the defect that it is', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(`
      command('undeclared', async (args, ctx) => { throw ctx.exit.CONFLICT('Taken.') }),
      command('reserved', async (args, ctx) => { throw ctx.exit.ARG_ERROR('Wrong.') }, { exit_codes: { ${entry('ARG_ERROR')} } }),
      command('forged', async () => { throw new CommandExit('CONFLICT', 6, 'Taken.') }),
      command('renumbered', async () => { throw new CommandExit('CONFLICT', 0, 'Taken.') }, { exit_codes: { ${entry('CONFLICT')} } }),
      command('successful', async () => { throw new CommandExit('SUCCESS', 0, 'Fine.') }),
      command('early', async () => { process.exitCode = 77; return {} }),
    `).replace("import { runTool } from 'chaperone'", "import { CommandExit, runTool } from 'chaperone'"),
  })
  for (const name of ['undeclared', 'reserved', 'forged', 'renumbered', 'successful']) {
    const envelope = await author.ask([name])
    expect(envelope.meta.exit_code, name).toBe(1)
    expect(envelope.error, name).toMatchObject({ code: 'UNDECLARED_EXIT', retryable: false })
    expect(envelope.error.fix_required, name).not.toBe('')
  }
  expect((await author.ask(['early'])).meta.exit_code).toBe(0)
})

test('REQ-F-001: a number instead of a name, a number outside the ranges and a renumbered name are refused', async () => {
  const success = entry('SUCCESS')
  expect(
    await refusedCodes(
      `exit_codes: { ${success}, '5': { description: 'X', retryable: false, side_effects: 'none' } }`,
    ),
  ).toEqual(['EXIT_NAME_MALFORMED exit_codes.5'])
  for (const number of ['15', '64', '78', '126', '143', '255', '256', '-1', '79.5'])
    expect(await refusedCodes(`exit_codes: { ${success}, ${entry('MINE', `, code: ${number}`)} }`)).toContain(
      'EXIT_CODE_OUT_OF_RANGE exit_codes.MINE.code',
    )
  expect(await refusedCodes(`exit_codes: { ${success}, ${entry('NOT_FOUND', ', code: 80')} }`)).toEqual([
    'EXIT_CODE_FIXED exit_codes.NOT_FOUND.code',
  ])
})

test('REQ-F-002: exit 2 comes before anything is done, says so, and never after the handler began', async () => {
  const sandbox = Sandbox.create()
  const mark = join(sandbox.path, 'mark')
  const author = new AuthorTool(sandbox, {
    'tool.mjs': listTool(
      `command('write', async ({ to }) => { (await import('node:fs')).writeFileSync(to, 'x'); throw new Error('Late.') }, {
        flags: { to: { type: 'string', required: true, pattern_type: 'filepath', description: 'Where' }, count: { type: 'integer', description: 'How many' } } })`,
    ),
  })
  const refused = await author.ask(['write', '--to', mark, '--count', 'foo'])
  expect(refused.meta.exit_code).toBe(2)
  expect(refused.error).toMatchObject({ phase: 'validation', retryable: false })
  expect(refused.error.fix_required).not.toBe('')
  expect(() => readFileSync(mark)).toThrow()

  const failed = await author.ask(['write', '--to', mark, '--count', '5'])
  expect(failed.meta.exit_code).toBe(1)
  expect(failed.error.phase).toBe('execution')
  expect(readFileSync(mark, 'utf8')).toBe('x')
})

test('REQ-C-001: a contract without exit codes, or without success, is refused', async () => {
  expect(await refusedCodes('')).toEqual(['FIELD_MISSING exit_codes'])
  expect(await refusedCodes('exit_codes: {}')).toContain('EXIT_SUCCESS_MISSING exit_codes.SUCCESS')
  expect(await refusedCodes(`exit_codes: { ${entry('NOT_FOUND')} }`)).toEqual([
    'EXIT_SUCCESS_MISSING exit_codes.SUCCESS',
  ])
})

test('REQ-C-001: an exit that is retryable and leaves something behind is refused', async () => {
  const retryable = "TIMEOUT: { description: 'X', retryable: true, side_effects: 'partial' }"
  expect(await refusedCodes(`exit_codes: { ${entry('SUCCESS')}, ${retryable} }`)).toEqual([
    'EXIT_RETRYABLE_WITH_SIDE_EFFECTS exit_codes.TIMEOUT.retryable',
  ])
})

test('REQ-C-001: --schema of every command has its exit codes by number, each an ExitCodeEntry', async () => {
  const sandbox = Sandbox.create()
  const { commands } = checkedManifest(await sandbox.call(['manifest']))
  expect(Object.keys(commands).length).toBeGreaterThan(10)
  for (const path of Object.keys(commands)) {
    const { data } = checked(await sandbox.call([...path.split('.'), '--schema']))
    expect(Object.keys(data.exit_codes), path).toEqual(
      expect.arrayContaining(['0', '1', '2', '10', '130', '143']),
    )
    for (const [code, declared] of Object.entries(data.exit_codes)) {
      expect(code).toMatch(/^(0|[1-9][0-9]*)$/)
      expectFits('exit-code-entry.json', declared)
    }
  }
})

test('REQ-C-001: an error code that a complete list lacks is answered with a warning', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(
      `command('look', async ({ code }, ctx) => { throw ctx.exit.NOT_FOUND('Gone.', { code }) }, {
        flags: { code: { type: 'string', required: true, description: 'The code' } },
        exit_codes: { ${entry('NOT_FOUND', ", error_codes: ['FILE_GONE']")} } })`,
    ),
  })
  expect((await author.ask(['look', '--code', 'FILE_GONE'])).warnings).toEqual([])
  const { error, warnings } = await author.ask(['look', '--code', 'OTHER_GONE'])
  expect(error.code).toBe('OTHER_GONE')
  expect(warnings.map(({ code }) => code)).toEqual(['UNDECLARED_ERROR_CODE'])
})
