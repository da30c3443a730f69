/** A tool whose contracts are not accepted answers every call with all that is wrong with all of them. */
import { expect, test } from 'vitest'
import type { Violation } from '../../../framework/contract/violation.js'
import { Sandbox } from '../harness/sandbox.js'
import { AuthorTool, listTool, routedTool } from './harness/author.js'

const NOTHING = 'async () => ({})'

function tool(commands: string): AuthorTool {
  return new AuthorTool(Sandbox.create(), { 'tool.mjs': listTool(commands) })
}

async function refusal(author: AuthorTool, argv: readonly string[] = ['version']) {
  const envelope = await author.ask(argv)
  expect(envelope.meta.exit_code).toBe(1)
  expect(envelope.data).toBeNull()
  expect(envelope.error).toMatchObject({ code: 'REGISTRATION_REFUSED', retryable: false })
  expect(envelope.error.fix_required).not.toBe('')
  const violations: readonly Violation[] = envelope.error.context.violations
  for (const violation of violations) {
    expect(Object.keys(violation).sort()).toEqual(['code', 'command', 'fix', 'message', 'place'])
    expect(violation.code).toMatch(/^[A-Z][A-Z0-9_]+$/)
    expect(violation.message).not.toBe('')
    expect(violation.fix).not.toBe('')
  }
  return violations.map(({ code, command, place }) => `${command}: ${code} ${place}`)
}

test('all violations of all commands come in one answer, each with its command, its place and its fix', async () => {
  const found = await refusal(
    tool(`
      command('one', ${NOTHING}, { flags: { dir: { type: 'string', description: 'A', short: 'h' }, quiet: { type: 'boolean', description: 'B' } } }),
      command('two', ${NOTHING}, { danger_level: 'destructive', exit_codes: { LATE: { description: 'X', retryable: true, side_effects: 'partial' } } }),
      { name: 'three' },
    `),
  )
  expect(found).toContain('one: FLAG_SHORT_RESERVED flags.dir.short')
  expect(found).toContain('one: FLAG_RESERVED flags.quiet')
  expect(found).toContain('two: DRY_RUN_MISSING flags.dry-run')
  expect(found).toContain('two: EFFECT_MISSING output_schema.properties.effect')
  expect(found).toContain('two: EXIT_CODE_MISSING exit_codes.LATE.code')
  expect(found).toContain('two: EXIT_RETRYABLE_WITH_SIDE_EFFECTS exit_codes.LATE.retryable')
  for (const field of ['danger_level', 'required_scopes', 'flags', 'exit_codes', 'output_schema'])
    expect(found).toContain(`three: FIELD_MISSING ${field}`)
  expect(found).toContain('three: EXECUTE_MISSING execute')
})

test('every call is answered so, a bare one, a call for help and one of an unknown command too', async () => {
  const refused = tool("{ name: 'broken' }")
  for (const argv of [[], ['--help'], ['bogus'], ['manifest'], ['broken', '--flag']])
    expect((await refusal(refused, argv)).length).toBeGreaterThan(0)
})

test('two commands of one name in a list are refused', async () => {
  const found = await refusal(tool(`command('same', ${NOTHING}), command('same', ${NOTHING})`))
  expect(found).toEqual(['same: NAME_TAKEN name'])
})

test('what is no command at all is refused where it stands', async () => {
  const found = await refusal(tool(`null, 7, command('good', ${NOTHING}), 'text', {}`))
  expect(found.filter((violation: string) => violation.includes('COMMAND_NOT_AN_OBJECT'))).toHaveLength(3)
  expect(found.some((violation: string) => violation.endsWith('FIELD_MISSING name'))).toBe(true)
})

test('a tool without commands is refused, and so is one without a name', async () => {
  const bare = (definition: string) =>
    new AuthorTool(Sandbox.create(), {
      'tool.mjs': `import { runTool } from 'chaperone'\nawait runTool({ ${definition} })\n`,
    })
  expect(await refusal(bare("name: 'mytool', version: '1.0.0', description: 'A tool.'"))).toEqual([
    ': COMMANDS_MISSING commands',
  ])
  expect(await refusal(bare("version: '1.0', commands: []"))).toEqual([
    ': TOOL_NAME_MALFORMED name',
    ': TOOL_VERSION_MALFORMED version',
    ': DESCRIPTION_EMPTY description',
  ])
})

test('a route whose module cannot be loaded, exports nothing or has another name is refused, all at once', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': routedTool({
      absent: './absent.mjs',
      throwing: './throwing.mjs',
      empty: './empty.mjs',
      renamed: './renamed.mjs',
    }),
    'throwing.mjs': "throw new Error('cannot start')",
    'empty.mjs': 'export const command = {}',
    'renamed.mjs': `import { defineCommand } from 'chaperone'
export default defineCommand({ name: 'other', description: 'X.', danger_level: 'safe', required_scopes: [], flags: {},
  exit_codes: { SUCCESS: { description: 'Done', retryable: false, side_effects: 'none' } },
  output_schema: { type: 'object' }, async execute() { return {} } })`,
  })
  const found = await refusal(author)
  expect(found).toContain('absent: COMMAND_NOT_LOADED ')
  expect(found).toContain('throwing: COMMAND_NOT_LOADED ')
  expect(found).toContain('empty: COMMAND_NOT_AN_OBJECT ')
  expect(found).toContain('other: ROUTE_NAME_MISMATCH name')
})

test('a refusal is told to people as text, with every fix', async () => {
  const answer = await tool("{ name: 'broken' }").call(['version'], { env: { MYTOOL_FORMAT: 'plain' } })
  expect(answer.code).toBe(1)
  expect(answer.stderr).toContain('REGISTRATION_REFUSED')
  expect(answer.stderr).toContain('danger_level')
})

test('createTool rejects with the same violations', async () => {
  const sandbox = Sandbox.create()
  const author = new AuthorTool(sandbox, {
    'tool.mjs': `import { createTool, RegistrationError } from 'chaperone'
const refused = await createTool({ name: 'mytool', version: '1.0.0', description: 'A tool.', commands: [{ name: 'broken' }] })
  .then(() => null, error => error)
console.log(JSON.stringify({ known: refused instanceof RegistrationError, codes: refused.violations.map(({ code }) => code) }))`,
  })
  const { known, codes } = JSON.parse((await author.call([])).stdout)
  expect(known).toBe(true)
  expect(codes).toContain('FIELD_MISSING')
})
