import { expect, test } from 'vitest'
import { candidateOf, checkContracts } from '../../../../framework/contract/check.js'
import { sound, tool } from '../contracts.js'

test('a first argument that can be taken for a command below is worth a warning', async () => {
  const positionals = [{ name: 'what', type: 'string', description: 'd' }]
  const commands = [sound({ name: 'deploy', positionals }), sound({ name: 'deploy start' })]
  const { violations, warnings } = await checkContracts(
    tool,
    commands.map(command => candidateOf(command, false)),
  )
  expect(violations).toEqual([])
  expect(warnings.map(({ code, command }) => [code, command])).toEqual([['POSITIONAL_SHADOWED', 'deploy']])
})
