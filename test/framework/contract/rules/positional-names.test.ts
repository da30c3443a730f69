import { expect, test } from 'vitest'
import { refusals, sound } from '../contracts.js'

const positional = (name: string, parts: object = {}) => ({
  name,
  type: 'string',
  description: 'd',
  ...parts,
})
const listed = (...positionals: unknown[]) => refusals(sound({ positionals }))

test('its name is its own', async () => {
  expect(await listed(positional('a'), positional('a'))).toEqual(['POSITIONAL_NAME_TAKEN positionals.1.name'])
  const flags = { dir: { type: 'string', description: 'd' } }
  expect(await refusals(sound({ flags, positionals: [positional('dir')] }))).toEqual([
    'POSITIONAL_NAME_TAKEN positionals.0.name',
  ])
})

test.each(['', 'Dir', '<dir>', 'a b', '-', '...'])('its name cannot be %j', async name => {
  expect(await listed(positional(name))).toEqual(['POSITIONAL_NAME_MALFORMED positionals.0.name'])
})
