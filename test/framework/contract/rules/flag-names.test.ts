import { describe, expect, test } from 'vitest'
import { GLOBAL_FLAGS } from '../../../../framework/contract/global-flags.js'
import { flagRefusals, refusals, sound } from '../contracts.js'

const text = { type: 'string', description: 'A text' }
const toggle = { type: 'boolean', description: 'A switch' }

describe('the name of a flag', () => {
  test.each(['dir', 'max-size', 'n', 'x2', 'constructor'])('can be %j', async name => {
    expect(await flagRefusals(text, name)).toEqual([])
  })

  test.each(['Dir', 'max_size', '--dir', '-d', 'a b', '', 'a-', '2x', '__proto__'])(
    'cannot be %j',
    async name => {
      expect(await refusals(sound({ flags: Object.fromEntries([[name, text]]) }))).toEqual([
        `FLAG_NAME_MALFORMED flags.${name}`,
      ])
    },
  )

  test.each(Object.keys(GLOBAL_FLAGS))('cannot be the global %s', async name => {
    expect(await flagRefusals(text, name)).toContain(`FLAG_RESERVED flags.${name}`)
  })

  test('cannot be one that a declaration brings', async () => {
    expect(await refusals(sound({ flags: { yes: toggle } }))).toEqual([])
    expect(await refusals(sound({ interactive: true, flags: { yes: toggle } }))).toEqual([
      'FLAG_RESERVED flags.yes',
    ])
    expect(await refusals(sound({ interactive: true, flags: { 'non-interactive': toggle } }))).toEqual([
      'FLAG_RESERVED flags.non-interactive',
    ])
  })
})
