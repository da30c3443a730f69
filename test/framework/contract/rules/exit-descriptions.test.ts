import { expect, test } from 'vitest'
import { refusals, sound, success } from '../contracts.js'

const exits = (exit_codes: unknown) => refusals(sound({ exit_codes }))

test('a description has 1 to 120 characters, counted as people count', async () => {
  expect(await exits({ SUCCESS: { ...success, description: '🙂'.repeat(120) } })).toEqual([])
  for (const description of ['x'.repeat(121), '', '  ']) {
    expect(await exits({ SUCCESS: { ...success, description } })).toEqual([
      'EXIT_DESCRIPTION_LENGTH exit_codes.SUCCESS.description',
    ])
  }
})
