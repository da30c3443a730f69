import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defineCommand } from '../../../framework/author.js'
import { type CompiledManifest, commandFile, explain } from '../../../framework/contract/compiled.js'
import type { CommandContract } from '../../../framework/contract/declaration.js'
import { contractOf } from '../../../framework/contract/projection.js'
import { readCommand, readManifest, readResponse } from '../../../framework/contract/read-compiled.js'
import type { Registry } from '../../../framework/contract/registry.js'
import { CompiledWriteError, writeCompiled } from '../../../framework/contract/write-compiled.js'
import { tool } from './contracts.js'

const run = promisify(execFile)

const list = contractOf(
  defineCommand({
    name: 'list',
    description: 'List what is there.',
    danger_level: 'safe',
    required_scopes: [],
    flags: {
      filter: {
        type: 'object',
        description: 'Which ones',
        schema: {
          type: 'object',
          properties: { state: { enum: ['live', 'ended'] } },
          additionalProperties: false,
        },
      },
    },
    exit_codes: { SUCCESS: { description: 'Done', retryable: false, side_effects: 'none' } },
    output_schema: { type: 'object', properties: { items: { type: 'array' } }, required: ['items'] },
    execute: async () => ({ items: [] }),
  }),
)
const named = (name: string, parts: Partial<CommandContract> = {}): CommandContract => ({
  ...list,
  ...parts,
  name,
})

function registryOf(...contracts: CommandContract[]): Registry {
  return {
    tool,
    commands: new Map(
      contracts.map(contract => [contract.name, { contract, builtin: contract.name === 'stop' }]),
    ),
  }
}

let directory = ''
const input = (registry: Registry, response_json = '{"commands":{}}') => ({
  directory,
  name: 'my-tool',
  framework_version: '0.1.0',
  registry,
  etag: 'e'.repeat(64),
  response_json,
})

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'compiled-'))
  await writeFile(join(directory, 'package.json'), '{"type":"module"}')
})
afterEach(async () => {
  await chmod(directory, 0o700)
  await rm(directory, { recursive: true, force: true })
})

/** All files below the directory, with their contents. */
async function contents(): Promise<Record<string, string>> {
  const items = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = items.filter(item => !item.isDirectory()).map(item => join(item.parentPath, item.name))
  const pairs = files
    .sort()
    .map(async file => [relative(directory, file), await readFile(file, 'utf8')] as const)
  return Object.fromEntries((await Promise.all(pairs)).filter(([file]) => file !== 'package.json'))
}

function load(): CompiledManifest {
  const manifest = readManifest(pathToFileURL(join(directory, 'my-tool.manifest.js')))
  if (manifest === null) throw new Error('no manifest of this format')
  return manifest
}

describe('a compiled manifest', () => {
  test('holds the routes, and behind each its contract and checks', async () => {
    const stop = named('stop', { aliases: ['halt'] })
    const registry = registryOf(list, stop, named('deploy rollback'))
    await writeCompiled(input(registry, '{"etag":"x\u2028\\u0000`${1}`"}'))
    const manifest = load()
    expect(manifest).toMatchObject({
      format: 3,
      framework_version: '0.1.0',
      tool: { name: 'my-tool', version: '1.2.3' },
      etag: 'e'.repeat(64),
    })
    expect(Object.keys(manifest.routes)).toEqual(['deploy rollback', 'list', 'stop'])
    expect(manifest.routes['stop']).toEqual({ builtin: true, aliases: ['halt'] })
    expect(manifest.routes['list']).toEqual({})
    expect(readResponse(manifest)).toBe('{"etag":"x\u2028\\u0000`${1}`"}')
    const command = readCommand(manifest, 'list')
    expect(JSON.stringify(command.contract)).toBe(JSON.stringify(list))
    expect(explain(command.check, { items: [] })).toEqual([])
    expect(explain(command.check, {})).toEqual(['data.items is missing'])
    const { filter } = command.flag_checks
    if (!filter) throw new Error('no check of the flag')
    expect(explain(filter, { state: 'live' })).toEqual([])
    expect(explain(filter, { stat: 'live' })).toEqual(['data.stat is not declared'])
  })

  test('keeps apart commands whose names differ by a hyphen, and one called response', async () => {
    const names = ['deploy rollback', 'deploy-rollback', 'response']
    const files = await writeCompiled(input(registryOf(...names.map(name => named(name)))))
    expect(new Set(files).size).toBe(names.length + 2)
    const manifest = load()
    for (const name of names) {
      expect(readCommand(manifest, name).contract.name).toBe(name)
    }
  })

  test('is a module too, which imports nothing, and says the same to whoever imports it', async () => {
    await writeCompiled(input(registryOf(list)))
    await rm(join(directory, 'my-tool.manifest'), { recursive: true })
    const program = `import manifest from './my-tool.manifest.js'
      console.log(JSON.stringify(manifest))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: directory })
    expect(JSON.parse(stdout)).toEqual(load())
  })

  test('has commands that are scripts without imports', async () => {
    await writeCompiled(input(registryOf(list)))
    const path = join(directory, 'my-tool.manifest', load().parts.split('/')[2] ?? '', commandFile('list'))
    const program = `const list = (0, eval)(require('fs').readFileSync(${JSON.stringify(path)}, 'utf8'))
      console.log(list.check({ items: [] }), list.check({}))`
    expect((await run(process.execPath, ['-e', program])).stdout).toBe('true false\n')
  })
})

describe('writing', () => {
  test('gives the same bytes for the same contracts, whichever was registered first, and answers with all files', async () => {
    const files = await writeCompiled(input(registryOf(list, named('stop'))))
    const first = await contents()
    expect(files.map(file => relative(directory, file))).toEqual(Object.keys(first).sort())
    await rm(join(directory, 'my-tool.manifest'), { recursive: true })
    await writeCompiled(input(registryOf(named('stop'), structuredClone(list))))
    expect(await contents()).toEqual(first)
  })

  test('touches nothing where all is as it should be', async () => {
    const files = await writeCompiled(input(registryOf(list)))
    const times = () =>
      Promise.all(files.map(async file => (await stat(file)).mtimeMs + (await stat(file)).ino))
    const before = await times()
    await writeCompiled(input(registryOf(list)))
    expect(await times()).toEqual(before)
  })

  test('leaves no file of an earlier content, and no file of its own making', async () => {
    await writeCompiled(input(registryOf(list, named('old'))))
    await mkdir(join(directory, 'my-tool.manifest', '.0123456789abcdef.1.tmp'))
    const files = await writeCompiled(input(registryOf(list)))
    expect(Object.keys(await contents()).sort()).toEqual(files.map(file => relative(directory, file)))
    expect(await readdir(join(directory, 'my-tool.manifest'))).toHaveLength(1)
    expect((await readdir(directory)).sort()).toEqual([
      'my-tool.manifest',
      'my-tool.manifest.js',
      'package.json',
    ])
  })

  test("leaves what is not its own: a neighbour's manifest and a note", async () => {
    await writeCompiled({ ...input(registryOf(list)), name: 'other' })
    await mkdir(join(directory, 'my-tool.manifest'))
    await writeFile(join(directory, 'my-tool.manifest', 'NOTE'), 'mine')
    const before = await contents()
    await writeCompiled(input(registryOf(list)))
    expect(await contents()).toMatchObject(before)
  })

  test('mends what was tampered with', async () => {
    const files = await writeCompiled(input(registryOf(list)))
    const sound = await contents()
    for (const file of files) await writeFile(file, 'broken')
    await writeFile(join(directory, 'my-tool.manifest', '.keep'), '')
    await writeCompiled(input(registryOf(list)))
    expect(await contents()).toEqual({ ...sound, 'my-tool.manifest/.keep': '' })
  })

  test('is seen whole by whoever reads meanwhile', async () => {
    const odd = registryOf(list, named('odd'))
    const even = registryOf(list, named('even'))
    await writeCompiled(input(odd))
    let writing = true
    const writer = (async () => {
      for (let round = 0; round < 20; round += 1) await writeCompiled(input(round % 2 === 0 ? even : odd))
      writing = false
    })()
    let reads = 0
    while (writing) {
      const table = await readFile(join(directory, 'my-tool.manifest.js'), 'utf8')
      expect(table).toMatch(/"routes": \{.*\}\n\}\n\}\n$/s)
      reads += 1
    }
    await writer
    expect(reads).toBeGreaterThan(0)
  })

  test('by two at once leaves one whole manifest', async () => {
    await Promise.all([1, 2, 3].map(n => writeCompiled(input(registryOf(list, named(`n${n}`))))))
    const manifest = load()
    for (const path of Object.keys(manifest.routes)) {
      expect(readCommand(manifest, path).contract.name).toBe(path)
    }
    expect(await readdir(join(directory, 'my-tool.manifest'))).toHaveLength(1)
  })
})

describe('what cannot be written', () => {
  test.each(['', '../x', 'a/b', '.hidden', 'a\0'])('a manifest of the name %j', async name => {
    const written = writeCompiled({ ...input(registryOf(list)), name })
    await expect(written).rejects.toBeInstanceOf(CompiledWriteError)
    await expect(written).rejects.toMatchObject({ code: 'COMPILE_NAME_INVALID' })
    expect(await contents()).toEqual({})
  })

  test('one into a directory that is not there, which is not made', async () => {
    const gone = join(directory, 'gone')
    await expect(writeCompiled({ ...input(registryOf(list)), directory: gone })).rejects.toMatchObject({
      code: 'COMPILE_WRITE_FAILED',
    })
    expect(await readdir(directory)).toEqual(['package.json'])
  })

  test('one in whose place a file lies: what was there stays as it was', async () => {
    await writeFile(join(directory, 'my-tool.manifest'), 'a file')
    await expect(writeCompiled(input(registryOf(list)))).rejects.toMatchObject({
      code: 'COMPILE_WRITE_FAILED',
    })
    expect(await contents()).toEqual({ 'my-tool.manifest': 'a file' })
  })

  test('one whose route table cannot be put into place: the old manifest stays whole', async () => {
    await writeCompiled(input(registryOf(list)))
    const before = await contents()
    const table = join(directory, 'my-tool.manifest.js')
    await rm(table)
    await mkdir(table)
    await expect(writeCompiled(input(registryOf(named('other'))))).rejects.toMatchObject({
      code: 'COMPILE_WRITE_FAILED',
    })
    const after = await contents()
    for (const [file, text] of Object.entries(before)) {
      if (file !== 'my-tool.manifest.js') expect(after[file]).toBe(text)
    }
    expect((await readdir(directory)).filter(name => name.endsWith('.tmp'))).toEqual([])
  })
})
