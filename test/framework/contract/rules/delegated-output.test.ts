import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { REPORT_FIELDS } from '../../../../framework/contract/rules/delegated-output.js'
import { refusals, sound } from '../contracts.js'

const delegating = (output_schema: object) => sound({ delegates_stdio: true, output_schema })

describe("the output of a command whose stdio is a program's", () => {
  test.each(REPORT_FIELDS)('cannot declare %s of the report', async field => {
    const output_schema = { type: 'object', properties: { [field]: { type: 'string' } } }
    expect(await refusals(delegating(output_schema))).toEqual([
      `OUTPUT_FIELD_RESERVED output_schema.properties.${field}`,
    ])
    expect(await refusals(sound({ output_schema }))).toEqual([])
  })

  test('is an object', async () => {
    expect(await refusals(delegating({ type: 'array', items: { type: 'string' } }))).toEqual([
      'OUTPUT_NO_OBJECT output_schema.type',
    ])
  })

  test('reserves every field of the report', () => {
    const { properties } = JSON.parse(readFileSync('schemas/run-report.json', 'utf8'))
    expect([...REPORT_FIELDS].sort()).toEqual(Object.keys(properties).sort())
  })
})
