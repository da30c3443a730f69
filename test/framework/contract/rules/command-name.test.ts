import { expect, test } from 'vitest'
import { candidateOf, checkContracts } from '../../../../framework/contract/check.js'
import { sound, tool, violations } from '../contracts.js'

test('the second command of a name is refused', async () => {
  const found = await violations(sound(), sound({ name: 'other' }), sound())
  expect(found.map(({ code, place }) => `${code} ${place}`)).toEqual(['NAME_TAKEN name'])
})

test("an author's command may take the place of a built-in of its name", async () => {
  const { violations } = await checkContracts(tool, [
    candidateOf(sound({ name: 'ps' }), true),
    candidateOf(sound({ name: 'ps' }), false),
  ])
  expect(violations).toEqual([])
})

test("a name is refused that is a built-in's alias", async () => {
  const { violations } = await checkContracts(tool, [
    candidateOf(sound({ name: 'ps', aliases: ['processes'] }), true),
    candidateOf(sound({ name: 'processes' }), false),
  ])
  expect(violations.map(({ code, command }) => [code, command])).toEqual([
    ['NAME_SHADOWS_ALIAS', 'processes'],
  ])
})
