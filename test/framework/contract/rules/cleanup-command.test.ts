import { expect, test } from 'vitest'
import { candidateOf, checkContracts } from '../../../../framework/contract/check.js'
import { refusals, sound, stop, tool, violations, watcher } from '../contracts.js'

const run = { type: 'string', description: 'The run' }

test('a registered command that takes --run is accepted, a built-in one too', async () => {
  expect(await refusals(watcher(), stop())).toEqual([])
  const mounted = [candidateOf(watcher(), false), candidateOf(stop(), true)]
  expect((await checkContracts(tool, mounted)).violations).toEqual([])
})

test('it takes --run as a list as well', async () => {
  expect(await refusals(watcher(), stop({ flags: { run: { ...run, type: 'array' } } }))).toEqual([])
})

test('one that is not registered is refused, with the nearest that is', async () => {
  const [violation, ...others] = await violations(watcher({ cleanup_command: 'stpo' }), stop())
  expect(violation).toMatchObject({ code: 'CLEANUP_COMMAND_UNKNOWN', place: 'cleanup_command' })
  expect(violation?.fix).toContain("Did you mean 'stop'?")
  expect(others).toEqual([])
})

test('an alias is refused, with the name that it stands for', async () => {
  const [violation] = await violations(watcher({ cleanup_command: 'halt' }), stop({ aliases: ['halt'] }))
  expect(violation?.code).toBe('CLEANUP_COMMAND_UNKNOWN')
  expect(violation?.fix).toContain("'stop'")
})

test('the command itself is refused', async () => {
  expect(await refusals(watcher({ cleanup_command: 'watch', flags: { run } }))).toEqual([
    'CLEANUP_COMMAND_SELF cleanup_command',
  ])
})

test('a destructive command is refused', async () => {
  const destructive = stop({
    danger_level: 'destructive',
    flags: { run, 'dry-run': { type: 'boolean', description: 'd' } },
  })
  expect(await refusals(watcher(), destructive)).toEqual(['CLEANUP_COMMAND_DESTRUCTIVE cleanup_command'])
})

test('a command that leaves a process itself is refused', async () => {
  const other = watcher({ name: 'stop', cleanup_command: 'halt', flags: { run } })
  expect(await refusals(watcher(), other, stop({ name: 'halt' }))).toEqual([
    'CLEANUP_COMMAND_BACKGROUND cleanup_command',
  ])
})

test.each([
  ['no --run', {}],
  ['a --run without a value', { run: { type: 'boolean', description: 'd' } }],
  ['only another --run', { runs: run }],
])('a command with %s is refused', async (_, flags) => {
  expect((await refusals(watcher(), stop({ flags })))[0]).toBe('CLEANUP_COMMAND_WITHOUT_RUN cleanup_command')
})

test('a cleanup command on a command that leaves nothing is a field too few', async () => {
  expect(await refusals(sound({ cleanup_command: 'stop' }), stop())).toEqual([
    'BACKGROUND_FIELDS_INCOMPLETE spawns_background_process',
    'BACKGROUND_FIELDS_INCOMPLETE max_lifetime_seconds',
  ])
})
