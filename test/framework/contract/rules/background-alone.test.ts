import { expect, test } from 'vitest'
import { refusals, stop, watcher } from '../contracts.js'

test.each([
  ['interruption', { detach: true, resume: false }],
  ['async', true],
  ['stdout', 'protocol'],
  ['protocol', 'mcp-stdio'],
])('a background command cannot have %s too', async (field, value) => {
  expect(await refusals(watcher({ [field]: value }), stop())).toEqual([`LIFECYCLE_CONFLICT ${field}`])
})
