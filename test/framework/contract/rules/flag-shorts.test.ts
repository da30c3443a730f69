import { describe, expect, test } from 'vitest'
import { flagRefusals, sound, violations } from '../contracts.js'

const text = { type: 'string', description: 'A text' }

describe('the short name of a flag', () => {
  test.each(['d', 'D', '1'])('can be %j', async short => {
    expect(await flagRefusals({ ...text, short })).toEqual([])
  })

  test.each(['', 'dd', '-', '-d', '=', ' ', 'ä'])('cannot be %j', async short => {
    expect(await flagRefusals({ ...text, short })).toEqual(['FLAG_SHORT_MALFORMED flags.f.short'])
  })

  test.each(['h', 'V'])('cannot be the global -%s', async short => {
    expect(await flagRefusals({ ...text, short })).toEqual(['FLAG_SHORT_RESERVED flags.f.short'])
  })

  test('belongs to one flag', async () => {
    const [violation, ...others] = await violations(
      sound({ flags: { first: { ...text, short: 'f' }, second: { ...text, short: 'f' } } }),
    )
    expect(violation).toMatchObject({ code: 'FLAG_SHORT_DUPLICATE', place: 'flags.second.short' })
    expect(violation?.message).toContain('--first')
    expect(others).toEqual([])
  })
})
