import { expect, test } from 'vitest'
import { candidateOf, checkContracts } from '../../../../framework/contract/check.js'
import { refusals, sound, tool } from '../contracts.js'

test('an alias is refused that is the name of a command, of its own command, or another alias', async () => {
  expect(await refusals(sound(), sound({ name: 'show', aliases: ['list'] }))).toEqual([
    'ALIAS_TAKEN aliases.0',
  ])
  expect(await refusals(sound({ aliases: ['ls', 'list'] }))).toEqual(['ALIAS_TAKEN aliases.1'])
  expect(await refusals(sound({ aliases: ['ls'] }), sound({ name: 'show', aliases: ['ls'] }))).toEqual([
    'ALIAS_TAKEN aliases.0',
  ])
})

test("an alias is refused that is a built-in's name", async () => {
  const { violations } = await checkContracts(tool, [
    candidateOf(sound({ name: 'ps', aliases: ['processes'] }), true),
    candidateOf(sound({ aliases: ['ps'] }), false),
  ])
  expect(violations.map(({ code, command }) => [code, command])).toEqual([['ALIAS_TAKEN', 'list']])
})
