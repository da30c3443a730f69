/** A tool in production: compiled by `manifest --write`, it loads what it calls and refuses what it did not compile. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.js'
import { AuthorTool, commandModule, listTool, routedTool, TOOL } from './harness/author.js'
import { checked, checkedManifest } from './harness/checked.js'

const COMPILED = `manifest: new URL('./${TOOL}.manifest.js', import.meta.url),`

const GREET = `command('greet', async ({ name }) => ({ greeting: 'Hello ' + name }), {
  flags: { name: { type: 'string', required: true, description: 'Whom' } },
  output_schema: { type: 'object', properties: { greeting: { type: 'string' } }, required: ['greeting'] } })`
const PART = `command('part ways', async () => ({}), { aliases: ['bye'] })`

/** The same tool twice: its commands in a list, and as modules that say when they are loaded. */
const KINDS = {
  'a list': { 'tool.mjs': listTool(`${GREET}, ${PART}`, COMPILED) },
  'a route table': {
    'tool.mjs': routedTool({ greet: './greet.mjs', 'part ways': './part.mjs' }, COMPILED),
    'greet.mjs': commandModule(GREET, "if (process.env.LOADED) console.error('loaded greet')"),
    'part.mjs': commandModule(PART, "if (process.env.LOADED) console.error('loaded part')"),
  },
} as const
type Files = (typeof KINDS)[keyof typeof KINDS]

const manifestFile = (tool: AuthorTool) => join(tool.directory, `${TOOL}.manifest.js`)

async function compiledTool(files: Files): Promise<AuthorTool> {
  const tool = new AuthorTool(Sandbox.create(), files)
  const { data } = await tool.ask(['manifest', '--write'])
  expect(data.written).toContain(manifestFile(tool))
  for (const path of data.written) expect(existsSync(path), path).toBe(true)
  return tool
}

async function mode(tool: AuthorTool): Promise<string> {
  const { data } = await tool.ask(['doctor'])
  return data.checks.find(({ name }: { name: string }) => name === 'manifest').detail
}

/** Refused as stale, then mended by the very command line that the answer gives. */
async function expectStaleThenMended(tool: AuthorTool, argv: readonly string[]): Promise<void> {
  const { error, meta } = await tool.ask(argv)
  expect(meta.exit_code).toBe(1)
  expect(error).toMatchObject({ code: 'MANIFEST_STALE', retryable: false })
  expect(error.fix_required).not.toBe('')
  expect(checked(await tool.sh(error.fix_command)).ok, error.fix_command).toBe(true)
  expect((await tool.ask(argv)).ok).toBe(true)
}

for (const [kind, files] of Object.entries(KINDS)) {
  describe(`a tool whose commands are ${kind}`, () => {
    test('answers compiled as it did in development: manifest, schemas, help, aliases and calls', async () => {
      const tool = new AuthorTool(Sandbox.create(), files)
      const calls = [
        ['manifest'],
        ['--schema'],
        ['greet', '--schema'],
        ['greet', '--output-schema'],
        ['greet', '--name', 'Ann'],
        ['greet'],
        ['greet', '--nam', 'Ann'],
        ['gret', '--name', 'Ann'],
        ['bye'],
        ['part'],
        ['part', 'ways', '--bogus'],
      ]
      const answers = () =>
        Promise.all(
          calls.map(async argv => {
            const { ok, data, error } = await tool.ask(argv)
            return { argv, ok, data, error }
          }),
        )
      const helps = () =>
        Promise.all(
          [[], ['greet', '--help'], ['part', '--help']].map(async argv => (await tool.call(argv)).stderr),
        )
      const [in_development, help_in_development] = [await answers(), await helps()]
      expect(await mode(tool)).toMatch(/^development/)
      await tool.ask(['manifest', '--write'])
      expect(await mode(tool)).toBe('compiled')
      expect(await answers()).toEqual(in_development)
      expect(await helps()).toEqual(help_in_development)
    })

    test('refuses a command whose contract changed after it was compiled, until it is compiled again', async () => {
      const tool = await compiledTool(files)
      const file = 'greet.mjs' in files ? 'greet.mjs' : 'tool.mjs'
      const source = readFileSync(join(tool.directory, file), 'utf8')
      tool.write(file, source.replace("description: 'Whom'", "description: 'Who it is for'"))
      // Others are what they were.
      expect((await tool.ask(['part', 'ways'])).ok).toBe(true)
      await expectStaleThenMended(tool, ['greet', '--name', 'Ann'])
      expect((await tool.ask(['greet', '--schema'])).data.flags.name.description).toBe('Who it is for')
    })

    test('refuses every call once the framework has another version, until it is compiled again', async () => {
      const tool = await compiledTool(files)
      const text = readFileSync(manifestFile(tool), 'utf8')
      expect(text).toMatch(/"framework_version": "[^"]+"/)
      const older = text.replace(/"framework_version": "[^"]+"/, '"framework_version": "0.0.1"')
      writeFileSync(manifestFile(tool), older)
      for (const argv of [['greet', '--name', 'Ann'], ['version'], ['--help'], ['bogus']])
        expect((await tool.ask(argv)).error.code, argv.join(' ')).toBe('MANIFEST_STALE')
      await expectStaleThenMended(tool, ['greet', '--name', 'Ann'])
    })

    test('refuses every call once the tool has another version, until it is compiled again', async () => {
      const tool = await compiledTool(files)
      tool.write(
        'tool.mjs',
        readFileSync(tool.script, 'utf8').replace("version: '1.2.3'", "version: '1.3.0'"),
      )
      await expectStaleThenMended(tool, ['greet', '--name', 'Ann'])
      expect((await tool.ask(['version'])).data.version).toBe('1.3.0')
    })

    test('refuses a manifest that is damaged, until it is compiled again', async () => {
      const tool = await compiledTool(files)
      for (const damage of [
        'export default {',
        'export default { format: 1 }',
        'export default { format: 2 }',
        'export default { at: import.meta.url, ...\n{"format":3}\n}\n',
        'export default { at: import.meta.url, ...\n{"format":3,"routes":{},"parts":"./"}\n}\n',
        'export default { at: import.meta.url, ...\n{"format":3,"routes":null,"tool":{},"parts":"./"}\n}\n',
        '',
        'throw new Error("no")',
      ]) {
        writeFileSync(manifestFile(tool), damage)
        await expectStaleThenMended(tool, ['greet', '--name', 'Ann'])
      }
    })

    test('is compiled again by `manifest --write` with options before and after it', async () => {
      const tool = await compiledTool(files)
      for (const argv of [
        ['--format', 'json', 'manifest', '--write'],
        ['manifest', '--write', '--session', 'a'],
        ['--quiet', 'manifest', '--write'],
      ]) {
        writeFileSync(manifestFile(tool), 'export default {')
        expect((await tool.ask(argv)).ok, argv.join(' ')).toBe(true)
        expect(await mode(tool)).toBe('compiled')
      }
    })

    test('writes the same bytes each time, and leaves nothing else behind', async () => {
      const tool = await compiledTool(files)
      const bytes = () =>
        readdirSync(tool.directory, { recursive: true, encoding: 'utf8' })
          .filter(name => name.includes('manifest'))
          .sort()
          .map(name => [name, name.endsWith('.js') ? readFileSync(join(tool.directory, name), 'utf8') : ''])
      const before = bytes()
      await tool.ask(['manifest', '--write'])
      expect(bytes()).toEqual(before)
    })

    test('cannot be compiled while a contract is refused, and keeps the manifest that it has', async () => {
      const tool = await compiledTool(files)
      const before = readFileSync(manifestFile(tool), 'utf8')
      const file = 'greet.mjs' in files ? 'greet.mjs' : 'tool.mjs'
      tool.write(
        file,
        readFileSync(join(tool.directory, file), 'utf8').replace(
          "type: 'string', required",
          "type: 'text', required",
        ),
      )
      const { error } = await tool.ask(['manifest', '--write'])
      expect(error.code).toBe('REGISTRATION_REFUSED')
      expect(readFileSync(manifestFile(tool), 'utf8')).toBe(before)
    })
  })
}

test('a compiled tool loads the module of the command that is called, and no other', async () => {
  const tool = await compiledTool(KINDS['a route table'])
  const loadedBy = async (argv: readonly string[]) => {
    const { stderr } = await tool.call(argv, { env: { LOADED: '1' } })
    return stderr.split('\n').filter(line => line.startsWith('loaded '))
  }
  expect(await loadedBy(['greet', '--name', 'Ann'])).toEqual(['loaded greet'])
  expect(await loadedBy(['part', 'ways'])).toEqual(['loaded part'])
  for (const argv of [
    ['version'],
    ['ps'],
    ['manifest'],
    ['--schema'],
    ['greet', '--schema'],
    ['greet', '--help'],
    ['--help'],
    ['bogus'],
    [],
  ])
    expect(await loadedBy(argv), argv.join(' ')).toEqual([])
  // In development all are loaded: they are checked at every start.
  rmSync(manifestFile(tool))
  expect((await loadedBy(['version'])).sort()).toEqual(['loaded greet', 'loaded part'])
})

test('a command that is added to, or taken from, a compiled tool makes its manifest stale', async () => {
  const tool = await compiledTool(KINDS['a route table'])
  const entry = readFileSync(tool.script, 'utf8')
  tool.write('tool.mjs', entry.replace('"greet":', '"meet": () => import("./meet.mjs"), "greet":'))
  tool.write('meet.mjs', commandModule("command('meet', async () => ({}))"))
  await expectStaleThenMended(tool, ['meet'])
  tool.write('tool.mjs', entry)
  await expectStaleThenMended(tool, ['greet', '--name', 'Ann'])
  expect(Object.keys(checkedManifest(await tool.call(['manifest'])).commands)).not.toContain('meet')
})

test('a part of a compiled manifest that is missing or damaged fails what needs it, until it is compiled again', async () => {
  const tool = await compiledTool(KINDS['a route table'])
  const [parts = ''] = readdirSync(manifestFile(tool).replace(/\.js$/, ''))
  const part = (name: string) => join(manifestFile(tool).replace(/\.js$/, ''), parts, name)
  for (const damage of [
    () => rmSync(part('commands/greet.script.js')),
    () => writeFileSync(part('commands/greet.script.js'), '(function () {'),
  ]) {
    damage()
    expect((await tool.ask(['part', 'ways'])).ok).toBe(true)
    await expectStaleThenMended(tool, ['greet', '--name', 'Ann'])
  }
  for (const damage of [
    () => rmSync(part('response.json')),
    () => writeFileSync(part('response.json'), '{"commands":{'),
  ]) {
    damage()
    expect((await tool.ask(['greet', '--name', 'Ann'])).ok).toBe(true)
    await expectStaleThenMended(tool, ['manifest'])
  }
})

test('a module of a compiled tool that cannot be loaded fails its own command, and no other', async () => {
  const tool = await compiledTool(KINDS['a route table'])
  for (const text of ["throw new Error('no disk')", 'export default {', 'export const other = 1']) {
    tool.write('greet.mjs', text)
    const { error, meta } = await tool.ask(['greet', '--name', 'Ann'])
    expect(meta.exit_code).toBe(1)
    expect(error.code).toBe('COMMAND_NOT_LOADED')
    expect((await tool.ask(['part', 'ways'])).ok).toBe(true)
    expect((await tool.ask(['greet', '--help'])).ok).toBe(true)
  }
})

test('the compiled output check holds a handler to its schema as in development', async () => {
  const tool = await compiledTool(KINDS['a route table'])
  const source = readFileSync(join(tool.directory, 'greet.mjs'), 'utf8')
  tool.write('greet.mjs', source.replace("'Hello ' + name", '7'))
  const compiled = await tool.ask(['greet', '--name', 'Ann'])
  expect(compiled.error.code).toBe('OUTPUT_INVALID')
  rmSync(manifestFile(tool))
  expect((await tool.ask(['greet', '--name', 'Ann'])).error).toEqual(compiled.error)
})

test('manifest --write says where nothing would read what it writes', async () => {
  const tool = new AuthorTool(Sandbox.create(), {
    'tool.mjs': listTool(`command('one', async () => ({}))`),
  })
  const { data, warnings } = await tool.ask(['manifest', '--write'])
  expect(data.written.length).toBeGreaterThan(0)
  expect(warnings).toMatchObject([{ code: 'MANIFEST_NOT_READ' }])
})
