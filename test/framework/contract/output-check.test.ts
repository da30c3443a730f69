import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CompiledCheck, explain } from '../../../framework/contract/compiled.js'
import type { JsonSchema } from '../../../framework/contract/json-schema.js'
import { compileOutputCheck, standaloneOutputCheck } from '../../../framework/contract/output-check.js'

let directory = ''
beforeAll(async () => {
  // Outside the repository: nothing that a compiled check imported by name would be found from here.
  directory = await mkdtemp(join(tmpdir(), 'output-check-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

let files = 0
async function compiled(schema: JsonSchema): Promise<CompiledCheck> {
  files += 1
  const file = join(directory, `check-${files}.mjs`)
  await writeFile(file, await standaloneOutputCheck(schema))
  const module: { default: CompiledCheck } = await import(pathToFileURL(file).href)
  return module.default
}

/** Both ways of checking must say the same, which is what is expected. */
async function expectChecked(schema: JsonSchema, data: unknown, expected: readonly string[]): Promise<void> {
  const check = await compileOutputCheck(schema)
  expect(check(data)).toEqual(expected)
  expect(explain(await compiled(schema), data)).toEqual(expected)
}

describe('an output check, in memory and compiled alike', () => {
  const run = {
    type: 'object',
    properties: {
      id: { type: 'string', pattern: '^[0-9a-f]{12}$' },
      label: { type: 'string', minLength: 2, maxLength: 3 },
      at: { type: 'string', format: 'date-time' },
      state: { enum: ['live', 'ended', null] },
      tags: { type: 'array', uniqueItems: true, items: { type: ['string', 'object'] } },
      place: { const: { x: 1, y: [2] } },
      inner: { $ref: '#/definitions/inner' },
    },
    required: ['id'],
    additionalProperties: false,
    definitions: {
      inner: {
        type: 'object',
        properties: { next: { $ref: '#/definitions/inner' }, n: { type: 'integer' } },
      },
    },
  } as const satisfies JsonSchema
  const id = '0123456789ab'

  test('accepts what fits', async () => {
    const data = {
      id,
      label: '🙂🙂',
      at: '2024-02-29T00:00:00Z',
      state: null,
      tags: ['a', 'b', { a: 1 }, { a: 2 }],
      place: { y: [2], x: 1 },
      inner: { next: { next: { n: 1 } } },
    }
    await expectChecked(run, data, [])
  })

  test.each([
    [{}, ['data.id is missing']],
    [{ id: 7 }, ['data.id must be string']],
    [{ id: 'x' }, ['data.id must match pattern "^[0-9a-f]{12}$"']],
    [{ id, label: '🙂' }, ['data.label must NOT have fewer than 2 characters']],
    [{ id, label: '🙂🙂🙂🙂' }, ['data.label must NOT have more than 3 characters']],
    [{ id, at: '2023-02-29T00:00:00Z' }, ['data.at must match format "date-time"']],
    [{ id, state: 'gone' }, ['data.state must be one of "live","ended",null']],
    [{ id, tags: ['a', 'a'] }, ['data.tags must NOT have duplicate items (items ## 0 and 1 are identical)']],
    [
      { id, tags: [{ a: [1] }, { a: [1] }] },
      ['data.tags must NOT have duplicate items (items ## 0 and 1 are identical)'],
    ],
    [{ id, place: { x: 1, y: [3] } }, ['data.place must be {"x":1,"y":[2]}']],
    [{ id, place: { x: 1 } }, ['data.place must be {"x":1,"y":[2]}']],
    [{ id, more: 1 }, ['data.more is not declared']],
    [{ id, inner: { next: { n: 1.5 } } }, ['data.inner.next.n must be integer']],
    [null, ['data must be object']],
    [[], ['data must be object']],
  ])('%j: %j', async (data, expected) => {
    await expectChecked(run, data, expected)
  })

  test('says everything at once, one thing of one place', async () => {
    const data = { id: '', state: 1, more: 1 }
    const check = await compileOutputCheck(run)
    expect(check(data)).toHaveLength(3)
    expect(explain(await compiled(run), data)).toEqual(check(data))
  })

  test('does not take what every object inherits for given', async () => {
    await expectChecked({ type: 'object', required: ['toString'] }, {}, ['data.toString is missing'])
  })

  test('names the alternative that none of the branches was', async () => {
    const schema = { type: 'object', anyOf: [{ required: ['a'] }, { required: ['b'] }] }
    await expectChecked(schema, {}, ['data must match a schema in anyOf'])
  })

  test('takes an unknown format and an unknown keyword for annotations', async () => {
    await expectChecked(
      { type: 'object', properties: { a: { format: 'colour', 'x-unit': 'cm' } } },
      { a: 1 },
      [],
    )
  })

  test('holds strings to schemas whose text looks like code', async () => {
    const text = '= require("ajv/dist/runtime/equal").default;\u2028`${1}`'
    await expectChecked({ type: 'object', properties: { a: { const: text } } }, { a: text }, [])
    await expectChecked(
      { type: 'object', properties: { a: { enum: [text, { b: 1 }] } } },
      { a: { b: 1 } },
      [],
    )
  })
})

describe('the compiled text', () => {
  const schema = { type: 'object', properties: { a: { type: 'string', minLength: 1 }, b: { const: {} } } }

  test('imports and requires nothing', async () => {
    const text = await standaloneOutputCheck(schema)
    expect(text).not.toMatch(/\brequire\(|\bimport\b/)
  })

  test('is the same for the same schema', async () => {
    expect(await standaloneOutputCheck(schema)).toBe(await standaloneOutputCheck(structuredClone(schema)))
  })

  test('cannot be made of a schema that is none', async () => {
    await expect(standaloneOutputCheck({ type: 'objekt' })).rejects.toThrow('type')
  })
})
