import { describe, expect, test } from 'vitest'
import { candidateOf, checkContracts } from '../../../../framework/contract/check.js'
import { sound, tool } from '../contracts.js'

describe('a time in the output', () => {
  const output_schema = {
    type: 'object',
    properties: {
      at: { type: 'string', format: 'date-time' },
      list: { type: 'array', items: { anyOf: [{ format: 'date-time' }, { type: 'null' }] } },
      day: { type: 'string', format: 'date', default: { format: 'date-time' } },
    },
  }

  test('is worth a warning for each place, and no refusal', async () => {
    const { violations, warnings } = await checkContracts(tool, [
      candidateOf(sound({ output_schema }), false),
    ])
    expect(violations).toEqual([])
    expect(warnings.map(({ code, command, place }) => [code, command, place])).toEqual([
      ['OUTPUT_TIMESTAMP', 'list', 'output_schema.properties.at'],
      ['OUTPUT_TIMESTAMP', 'list', 'output_schema.properties.list.items.anyOf.0'],
    ])
  })

  test('of a built-in is not for the author to mend', async () => {
    const { warnings } = await checkContracts(tool, [candidateOf(sound({ output_schema }), true)])
    expect(warnings).toEqual([])
  })
})
