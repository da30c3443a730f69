/** What a tool says of itself on request: `--schema` and `--output-schema`, derived from the contracts and true. */
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { AuthorTool, listTool } from './harness/author.js'
import { checked, checkedManifest, expectFits, fits } from './harness/checked.js'

const COUNT = `command('count', async ({ to, by }) => ({ to, by: by ?? null }), {
  flags: { to: { type: 'integer', required: true, description: 'Up to here' }, by: { type: 'enum', enum_values: ['one', 'two'], description: 'Steps' } },
  positionals: [{ name: 'from', type: 'integer', description: 'From here' }], schema_version: '2.3',
  output_schema: { type: 'object', properties: { to: { type: 'integer' }, by: { type: ['string', 'null'] } }, required: ['to', 'by'] } })`

test('REQ-C-015: --schema of a command has its parameters, positionals, output schema, exit codes and danger level', async () => {
  const author = new AuthorTool(Sandbox.create(), { 'tool.mjs': listTool(COUNT) })
  const { data } = await author.ask(['count', '--schema'])
  expect(data.command).toBe('count')
  expect(data.parameters).toEqual({
    to: { type: 'integer', required: true, description: 'Up to here' },
    by: { type: 'enum', required: false, description: 'Steps', enum_values: ['one', 'two'] },
  })
  expect(data.positionals).toEqual([
    { name: 'from', type: 'integer', required: false, description: 'From here' },
  ])
  expect(data.output_schema).toMatchObject({ type: 'object', required: ['to', 'by'] })
  expect(data).toMatchObject({ danger_level: 'safe', schema_version: '2.3' })
  expect(data.exit_codes['0']).toBeDefined()
})

test('REQ-C-015: a parameter that is added to the contract appears in --schema, and is accepted', async () => {
  const author = new AuthorTool(Sandbox.create(), { 'tool.mjs': listTool(COUNT) })
  expect((await author.ask(['count', '--to', '3', '--loud'])).meta.exit_code).toBe(2)
  author.write(
    'tool.mjs',
    listTool(COUNT.replace('flags: {', "flags: { loud: { type: 'boolean', description: 'Aloud' },")),
  )
  expect((await author.ask(['count', '--schema'])).data.parameters.loud).toMatchObject({ type: 'boolean' })
  expect((await author.ask(['count', '--to', '3', '--loud'])).meta.exit_code).toBe(0)
})

test('REQ-O-013: --schema is the whole manifest, --print-schema the same, and both are the same at every call', async () => {
  const sandbox = Sandbox.create()
  const manifest = checkedManifest(await sandbox.call(['manifest']))
  for (const argv of [['--schema'], ['--print-schema'], ['--schema']])
    expect(checkedManifest(await sandbox.call(argv))).toEqual(manifest)
  for (const [path, command] of Object.entries<Record<string, unknown>>(manifest.commands)) {
    for (const key of ['description', 'danger_level', 'flags', 'exit_codes', 'output_schema'])
      expect(command[key], `${path} ${key}`).toBeDefined()
  }
})

test('REQ-O-013: --output-schema of every command is a JSON Schema, the one that the manifest shows', async () => {
  const sandbox = Sandbox.create()
  const { commands } = checkedManifest(await sandbox.call(['manifest']))
  for (const [path, { output_schema }] of Object.entries<{ output_schema: object }>(commands)) {
    const { data } = checked(await sandbox.call([...path.split('.'), '--output-schema']))
    expect(data, path).toEqual(output_schema)
    // Compiling throws where it is none.
    fits(data, {})
  }
})

test('REQ-O-013: what commands answer fits what --output-schema promises, the framework’s own fields included', async () => {
  const sandbox = Sandbox.create()
  const schemaOf = async (...path: string[]) => checked(await sandbox.call([...path, '--output-schema'])).data
  const started = checked(await sandbox.call(['start-watcher', '--dir', sandbox.directory('watched')])).data
  const start_schema = await schemaOf('start-watcher')
  expect(fits(start_schema, started), JSON.stringify(started)).toBe(true)
  const { background_pid: _pid, ...less } = started
  expect(fits(start_schema, less)).toBe(false)

  const calls = [
    ['ps'],
    ['show', started.run_id],
    ['session', 'list'],
    ['version'],
    ['doctor'],
    ['manifest'],
    ['stop', '--run', started.run_id],
    ['cleanup', '--all-sessions', '--dry-run'],
    ['cleanup', '--all-sessions'],
  ]
  const paths = Object.keys(checkedManifest(await sandbox.call(['manifest'])).commands)
  for (const argv of calls) {
    const { data, ok } = checked(await sandbox.call(argv))
    expect(ok, argv.join(' ')).toBe(true)
    const path = paths.find(dotted => `${argv.join('.')}.`.startsWith(`${dotted}.`)) ?? ''
    expect(fits(await schemaOf(...path.split('.')), data), `${path}: ${JSON.stringify(data)}`).toBe(true)
  }
})

test('REQ-O-013: --output-schema without a command is refused with a line that works', async () => {
  const sandbox = Sandbox.create()
  const { error, meta } = checked(await sandbox.call(['--output-schema']))
  expect(meta.exit_code).toBe(2)
  expect(checked(await sandbox.sh(error.suggestion)).ok).toBe(true)
})

test('REQ-O-013: the schemas are answered for every format without running the command', async () => {
  const sandbox = Sandbox.create()
  const author = new AuthorTool(sandbox, {
    'tool.mjs': listTool("command('never', async () => { throw new Error('It ran.') })"),
  })
  for (const format of ['json', 'jsonl', 'tsv', 'plain']) {
    for (const flag of ['--schema', '--output-schema']) {
      const answer = await author.call(['never', flag, '--format', format])
      expect(answer.code, answer.stderr).toBe(0)
      expect(answer.stdout).not.toBe('')
    }
  }
})

test('a command that declares a JSON object flag has it validated against its schema, all errors at once', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(
      `command('put', async ({ item, tags }) => ({ item, tags }), { flags: {
        item: { type: 'object', required: true, description: 'Item', schema: { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' } }, required: ['id', 'name'] } },
        tags: { type: 'array', description: 'Tags', schema: { type: 'array', items: { type: 'string' }, maxItems: 2 } } } })`,
    ),
  })
  const fine = await author.ask(['put', '--item', '{"id":1,"name":"ü"}', '--tags', 'a', '--tags', 'b'])
  expect(fine.data).toEqual({ item: { id: 1, name: 'ü' }, tags: ['a', 'b'] })
  const { error, meta } = await author.ask([
    'put',
    '--item',
    '{"id":"x"}',
    '--tags',
    'a',
    '--tags',
    'b',
    '--tags',
    'c',
  ])
  expect(meta.exit_code).toBe(2)
  expect(error.errors.map(({ field }: { field: string }) => field).sort()).toEqual(['item', 'item', 'tags'])
  expect((await author.ask(['put', '--item', '{id}'])).error.errors[0].code).toBe('INVALID_JSON')
  const { commands } = checkedManifest(await author.call(['manifest']))
  expectFits('manifest-response.json', {
    schema_version: '3.21',
    framework_version: '1',
    etag: 'x',
    commands,
  })
})

test('REQ-F-022: meta.schema_version is the version of the command’s own output, at every call', async () => {
  const author = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(`${COUNT}, command('plain', async () => ({}))`),
  })
  expect((await author.ask(['count', '--to', '1'])).meta.schema_version).toBe('2.3')
  expect((await author.ask(['count', '--to', 'x'])).meta.schema_version).toBe('2.3')
  expect((await author.ask(['plain'])).meta.schema_version).toBe('1.0')
  expect((await author.ask(['bogus'])).meta.schema_version).toMatch(/^\d+\.\d+$/)
})
