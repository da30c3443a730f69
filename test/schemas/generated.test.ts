/** The committed files of schemas/generated/ are what the schemas say, and need nothing beside them. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

function generate(at: string, ...options: string[]) {
  const child = spawnSync(process.execPath, [join(at, 'build/generate.mjs'), ...options], {
    encoding: 'utf8',
  })
  return { code: child.status, stdout: child.stdout, stderr: child.stderr }
}

test('every committed file is fresh', () => {
  expect(generate(root, '--check')).toEqual({ code: 0, stdout: '', stderr: '' })
})

describe('in a copy of the repository', () => {
  let copy: string

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'chaperone-generated-'))
    cpSync(join(root, 'schemas'), join(copy, 'schemas'), { recursive: true })
    cpSync(join(root, 'build/generate.mjs'), join(copy, 'build/generate.mjs'))
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  })

  afterEach(() => rmSync(copy, { recursive: true, force: true }))

  const generated = (name: string) => join(copy, 'schemas/generated', name)
  const contents = () =>
    readdirSync(generated('.')).map(name => [name, readFileSync(generated(name), 'utf8')])

  test('a changed schema makes its files stale, which the check names and leaves alone', () => {
    const path = join(copy, 'schemas/run-main.json')
    const schema = JSON.parse(readFileSync(path, 'utf8'))
    schema.properties.tty = { type: 'string' }
    writeFileSync(path, JSON.stringify(schema))
    const before = contents()

    const { code, stderr } = generate(copy, '--check')
    expect(code).toBe(1)
    expect([...stderr.matchAll(/^stale: (\S+);/gm)].map(match => match[1])).toEqual([
      'schemas/generated/types.ts',
      'schemas/generated/validate-run-main.js',
    ])
    expect(contents()).toEqual(before)
  })

  test('what no schema asks for and what was edited by hand is named, and mended by a new generation', () => {
    const before = contents()
    writeFileSync(generated('validate-old.js'), '')
    writeFileSync(generated('types.ts'), 'export type RunMain = any\n')
    rmSync(generated('validate-run-end.d.ts'))

    const { code, stderr } = generate(copy, '--check')
    expect(code).toBe(1)
    for (const name of ['validate-old.js', 'types.ts', 'validate-run-end.d.ts'])
      expect(stderr).toContain(name)

    expect(generate(copy).code).toBe(0)
    expect(contents()).toEqual(before)
  })

  test('a schema that is not called as its file is refused', () => {
    const path = join(copy, 'schemas/run-main.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"run-main.json"', '"run.json"'))
    const { code, stderr } = generate(copy)
    expect(code).not.toBe(0)
    expect(stderr).toContain("schemas/run-main.json: $id must be the file's name")
  })
})

test('each validator works with no package beside it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chaperone-validators-'))
  try {
    cpSync(join(root, 'schemas/generated'), directory, { recursive: true })
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
    const names = readdirSync(directory).filter(name => name.endsWith('.js'))
    expect(names.length).toBeGreaterThan(8)
    const program = `
      for (const name of ${JSON.stringify(names)}) {
        const { default: validate } = await import('${directory}/' + name)
        if (validate('text') !== false || validate.errors.length === 0) throw new Error(name)
      }`
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: directory,
      encoding: 'utf8',
    })
    expect({ code: child.status, stderr: child.stderr }).toEqual({ code: 0, stderr: '' })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('the types leave nothing open that a schema closes', () => {
  const types = readFileSync(join(root, 'schemas/generated/types.ts'), 'utf8')
  expect(types).not.toMatch(/(?:[:|<(] |\b(?:readonly|keyof) )any\b/)
  for (const record of ['RunIntent', 'RunOwner', 'RunMain', 'RunStop', 'RunEnd', 'ProcessIdentity']) {
    const [, body] = new RegExp(`export type ${record} = \\{\\n([^}]*)\\}`).exec(types) ?? []
    expect(body).toContain('readonly ')
    expect(body).not.toContain('[k: string]')
  }
})
