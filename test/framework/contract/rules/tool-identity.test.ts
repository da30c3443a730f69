import { expect, test } from 'vitest'
import { checkContracts } from '../../../../framework/contract/check.js'
import { tool } from '../contracts.js'

test('a tool has a name that can be that of a directory, a semantic version, and a description', async () => {
  const { violations } = await checkContracts({ ...tool, name: '../etc', version: '1', description: ' ' }, [])
  expect(violations.map(({ command, code }) => [command, code])).toEqual([
    ['', 'TOOL_NAME_MALFORMED'],
    ['', 'TOOL_VERSION_MALFORMED'],
    ['', 'DESCRIPTION_EMPTY'],
  ])
})
