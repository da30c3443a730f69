import { expect, test } from 'vitest'
import { candidateOf, checkContracts } from '../../../../framework/contract/check.js'
import { sound, tool } from '../contracts.js'

test('a route table must have the name of the command as its key', async () => {
  const { violations } = await checkContracts(tool, [
    candidateOf(sound(), false, 'list'),
    candidateOf(sound({ name: 'show' }), false, 'shows'),
  ])
  expect(violations.map(({ code, command }) => [code, command])).toEqual([['ROUTE_NAME_MISMATCH', 'show']])
})
