import { describe, expect, test } from 'vitest'
import { GLOBAL_FLAGS } from '../../../../framework/contract/global-flags.js'
import { flagRefusals, refusals, sound, violations } from '../contracts.js'

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

  test('cannot be what negates another boolean, global or local', async () => {
    expect(await refusals(sound({ flags: { cache: toggle, 'no-cache': toggle } }))).toEqual([
      'FLAG_NEGATION_CLASH flags.no-cache',
    ])
    expect(await flagRefusals(text, 'no-quiet')).toEqual(['FLAG_NEGATION_CLASH flags.no-quiet'])
    expect(await refusals(sound({ flags: { cache: text, 'no-cache': toggle } }))).toEqual([])
  })
})

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

describe('the variables of a flag', () => {
  const named = (...names: string[]) => flagRefusals({ ...text, env_vars: names.map(name => ({ name })) })

  test('are names, each listed once', async () => {
    expect(await named('MY_TOOL_DIR', 'DIR')).toEqual([])
    expect(await named('MY-DIR')).toEqual(['ENV_VAR_MALFORMED flags.f.env_vars.0.name'])
    expect(await named('DIR', 'DIR')).toEqual(['ENV_VAR_DUPLICATE flags.f.env_vars.1.name'])
  })

  test.each(['MY_TOOL_FORMAT', 'MY_TOOL_SESSION_ID', 'MY_TOOL_STATE_DIR'])('cannot be %s', async name => {
    expect(await named(name)).toEqual(['ENV_VAR_RESERVED flags.f.env_vars.0.name'])
  })
})
