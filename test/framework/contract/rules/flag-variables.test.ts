import { describe, expect, test } from 'vitest'
import { flagRefusals } from '../contracts.js'

const text = { type: 'string', description: 'A text' }

describe('the variables of a flag', () => {
  const named = (...names: string[]) => flagRefusals({ ...text, env_vars: names.map(name => ({ name })) })

  test('are names, each listed once', async () => {
    expect(await named('MY_TOOL_DIR', 'DIR')).toEqual([])
    expect(await named('MY-DIR')).toEqual(['ENV_VAR_MALFORMED flags.f.env_vars.0.name'])
    expect(await named('DIR', 'DIR')).toEqual(['ENV_VAR_DUPLICATE flags.f.env_vars.1.name'])
  })

  test.each(['MY_TOOL_FORMAT', 'MY_TOOL_SESSION_ID', 'MY_TOOL_STATE_DIR', 'MY_TOOL_TRACKING'])(
    'cannot be %s',
    async name => {
      expect(await named(name)).toEqual(['ENV_VAR_RESERVED flags.f.env_vars.0.name'])
    },
  )
})
