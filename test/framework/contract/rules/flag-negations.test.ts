import { expect, test } from 'vitest'
import { flagRefusals, refusals, sound } from '../contracts.js'

const text = { type: 'string', description: 'A text' }
const toggle = { type: 'boolean', description: 'A switch' }

test('the name of a flag cannot be what negates another boolean, global or local', async () => {
  expect(await refusals(sound({ flags: { cache: toggle, 'no-cache': toggle } }))).toEqual([
    'FLAG_NEGATION_CLASH flags.no-cache',
  ])
  expect(await flagRefusals(text, 'no-quiet')).toEqual(['FLAG_NEGATION_CLASH flags.no-quiet'])
  expect(await refusals(sound({ flags: { cache: text, 'no-cache': toggle } }))).toEqual([])
})
