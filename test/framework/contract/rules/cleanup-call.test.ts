import { expect, test } from 'vitest'
import { refusals, stop, violations, watcher } from '../contracts.js'

const run = { type: 'string', description: 'The run' }

test.each([
  ['needs another flag', { flags: { run, force: { type: 'string', required: true, description: 'd' } } }],
  [
    'needs a positional',
    { positionals: [{ name: 'target', type: 'string', required: true, description: 'd' }] },
  ],
  ['needs --run, which the manifest does not show', { flags: { run: { ...run, required: true } } }],
  ['refuses the ids of runs', { flags: { run: { ...run, pattern: '^[0-9]+$' } } }],
])('a command that %s is refused: it must run as an agent gets it', async (_, parts) => {
  expect(await refusals(watcher(), stop(parts))).toEqual(['CLEANUP_COMMAND_CALL_REFUSED cleanup_command'])
})

test('one whose own declaration is unsound is reported there alone', async () => {
  const found = await violations(watcher(), stop({ flags: { run: { ...run, type: 'strng' } } }))
  expect(found.filter(({ command }) => command === 'stop')).not.toEqual([])
  expect(found.map(({ code }) => code)).not.toContain('CLEANUP_COMMAND_CALL_REFUSED')
})
