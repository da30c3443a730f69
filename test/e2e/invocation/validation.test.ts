/** Everything that is wrong with the input in one answer, before anything is done. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AuthorTool, listTool } from '../contract/harness/author.js'
import { checked } from '../contract/harness/checked.js'
import { Sandbox } from '../harness/sandbox.js'

const FLAGS = `flags: {
  count: { type: 'integer', required: true, description: 'How many' }, rate: { type: 'number', description: 'How fast' },
  color: { type: 'enum', enum_values: ['red', 'blue'], description: 'Which' }, level: { type: 'integer', enum_values: [1, 2], description: 'How high' },
  id: { type: 'string', pattern_type: 'alphanumeric_id', description: 'Whose' }, token: { type: 'string', pattern: '^t-[0-9]+$', description: 'Secret' } }`

/** Writes a file as soon as it runs. */
const WRITE = `command('write', async () => { (await import('node:fs')).writeFileSync(process.env.MARK, ''); return {} }, { ${FLAGS},
  positionals: [{ name: 'target', type: 'string', required: true, description: 'Where' }] })`

function world(commands: string) {
  const sandbox = Sandbox.create()
  const mark = join(sandbox.path, 'mark')
  const tool = new AuthorTool(sandbox, { 'tool.mjs': listTool(commands) })
  return { sandbox, mark, ask: (...argv: string[]) => tool.ask(argv, { env: { MARK: mark } }) }
}

interface Fault {
  readonly field: string
  readonly param: string
  readonly code: string
  readonly message: string
  readonly value?: string
}

const fields = (faults: readonly Fault[]) => faults.map(({ field }) => field).sort()

test('REQ-F-015: all validation errors come in one answer, exit 2, and nothing was executed', async () => {
  const { ask, mark, sandbox } = world(WRITE)
  const { error, meta, data } = await ask(
    'write',
    '--count',
    'many',
    '--rate',
    'fast',
    '--color',
    'green',
    '--level',
    '3',
    '--id',
    '../etc',
    '--bogus',
    '--session',
    '../x',
    '--cwd',
    'absent',
  )
  expect(meta.exit_code).toBe(2)
  expect(data).toBeNull()
  expect(error).toMatchObject({ code: 'ARG_ERROR', phase: 'validation', retryable: false })
  expect(fields(error.errors)).toEqual(
    ['bogus', 'color', 'count', 'cwd', 'id', 'level', 'rate', 'session', 'target'].sort(),
  )
  expect(meta.errors).toEqual(error.errors)
  expect(existsSync(mark)).toBe(false)
  expect(existsSync(sandbox.state)).toBe(false)
})

test('REQ-C-006: every error names its parameter, says what is wrong and shows the value, unless it is a secret', async () => {
  const { ask } = world(WRITE)
  const { error } = await ask('write', 'here', '--count', 'many', '--color', 'green', '--token', 'hunter2')
  const by_field = new Map(error.errors.map((fault: Fault) => [fault.field, fault]))
  expect(by_field.get('count')).toMatchObject({ param: '--count', code: 'ARG_ERROR', value: 'many' })
  expect(by_field.get('color')).toMatchObject({ param: '--color', value: 'green' })
  expect(by_field.get('token')).toMatchObject({ param: '--token' })
  for (const { message } of error.errors) expect(message).toMatch(/\S/)
  expect(JSON.stringify(error)).not.toContain('hunter2')
})

test('REQ-C-006: a command’s own checks are reported all at once, with parameter and value, before it runs', async () => {
  const { ask, mark } =
    world(`command('write', async () => { (await import('node:fs')).writeFileSync(process.env.MARK, ''); return {} }, { ${FLAGS},
    validate({ count, color, token }) { const faults = []
      if (count > 10) faults.push({ param: 'count', message: 'At most 10.' })
      if (color === 'red') faults.push({ param: 'color', message: 'Not red.' })
      if (token) faults.push({ param: 'token', message: 'Not this one.' })
      return faults } })`)
  const { error, meta } = await ask('write', '--count', '11', '--color', 'red', '--token', 't-42')
  expect(meta.exit_code).toBe(2)
  expect(error.errors).toMatchObject([
    { field: 'count', param: '--count', message: 'At most 10.', value: '11' },
    { field: 'color', param: '--color', message: 'Not red.', value: 'red' },
    { field: 'token', param: '--token', message: 'Not this one.' },
  ])
  expect(JSON.stringify(error)).not.toContain('t-42')
  expect(existsSync(mark)).toBe(false)
  expect((await ask('write', '--count', '10')).ok).toBe(true)
  expect(existsSync(mark)).toBe(true)
})

test('REQ-C-006: a check that is none is a defect of the tool, and nothing runs', async () => {
  const { ask, mark } = world(
    ['async () => []', "() => 'no'", '() => [{ message: 7 }]', '() => { throw new Error("no") }']
      .map(
        (validate, index) =>
          `command('write-${index}', async () => { (await import('node:fs')).writeFileSync(process.env.MARK, ''); return {} }, { validate: ${validate} })`,
      )
      .join(','),
  )
  for (const index of [0, 1, 2, 3]) {
    const { error, meta } = await ask(`write-${index}`)
    expect(meta.exit_code).toBe(1)
    expect(error.code).toBe(index === 3 ? 'UNEXPECTED_ERROR' : 'VALIDATE_INVALID')
    expect(existsSync(mark)).toBe(false)
  }
})

test('REQ-F-015: a refused call writes nothing: no state, no temporary file, whatever the command', async () => {
  const sandbox = Sandbox.create()
  const before = readdirSync(sandbox.path, { recursive: true, encoding: 'utf8' }).sort()
  for (const argv of [
    ['start-watcher'],
    ['start-watcher', '--dir', ''],
    ['stop'],
    ['stop', 'not-a-run'],
    ['show', '../../etc'],
    ['ps', '--limit', '-1'],
    ['ps', '--cursor', 'x', '--status', 'asleep'],
    ['cleanup', '--min-age', '-5', '--kill-after', 'soon'],
    ['session', 'stop', 'a/b'],
    ['stop-watcher', '--run', 'XYZ'],
  ]) {
    const { error, meta } = checked(await sandbox.call(argv))
    expect(meta.exit_code, argv.join(' ')).toBe(2)
    expect(error.fix_required, argv.join(' ')).toMatch(/\S/)
    expect(error.suggestion, argv.join(' ')).toMatch(/^chaperone /)
  }
  expect(readdirSync(sandbox.path, { recursive: true, encoding: 'utf8' }).sort()).toEqual(before)
})

test('line breaks in one-line values, and encoded paths, are refused', async () => {
  const { ask } = world(
    `command('one', async args => ({ args }), { flags: { text: { type: 'string', description: 'T' }, path: { type: 'string', pattern_type: 'filepath', description: 'P' } } })`,
  )
  for (const text of ['a\nb', 'a\rb', 'a\r\nb'])
    expect((await ask('one', '--text', text)).meta.exit_code).toBe(2)
  const { error } = await ask('one', '--path', '..%2f..%2fetc')
  expect(error.errors[0]).toMatchObject({
    code: 'INVALID_AGENT_INPUT',
    rejected_pattern: 'encoded_path_traversal',
  })
})
