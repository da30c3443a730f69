import { expect, test } from 'vitest'
import { candidateOf, checkContracts } from '../../../../framework/contract/check.js'
import { isCommandPath } from '../../../../framework/contract/rules/names.js'
import { refusals, sound, tool, violations } from '../contracts.js'

test.each(['list', 'deploy rollback', 'a1', 'start-watcher', 'x y z'])('%j is a command path', path => {
  expect(isCommandPath(path)).toBe(true)
})

test.each([
  '',
  ' ',
  'List',
  'a  b',
  ' a',
  'a ',
  'a.b',
  '-a',
  'a-',
  'a--b',
  '1a',
  'a_b',
  'a/b',
  'a\nb',
  '__proto__',
  'ä',
  'x'.repeat(101),
])('%j is no command path and is refused as a name and as an alias', async path => {
  expect(isCommandPath(path)).toBe(false)
  expect(await refusals(sound({ name: path, aliases: [path] }))).toContain('NAME_MALFORMED name')
  expect(await refusals(sound({ aliases: [path] }))).toEqual(['ALIAS_MALFORMED aliases.0'])
})

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

test('an alias is refused that is the name of a command, of its own command, or another alias', async () => {
  expect(await refusals(sound(), sound({ name: 'show', aliases: ['list'] }))).toEqual([
    'ALIAS_TAKEN aliases.0',
  ])
  expect(await refusals(sound({ aliases: ['ls', 'list'] }))).toEqual(['ALIAS_TAKEN aliases.1'])
  expect(await refusals(sound({ aliases: ['ls'] }), sound({ name: 'show', aliases: ['ls'] }))).toEqual([
    'ALIAS_TAKEN aliases.0',
  ])
})

test("a name is refused that shadows a built-in's alias, and an alias that shadows a built-in's name", async () => {
  const builtin = candidateOf(sound({ name: 'ps', aliases: ['processes'] }), true)
  const named = await checkContracts(tool, [builtin, candidateOf(sound({ name: 'processes' }), false)])
  expect(named.violations.map(({ code, command }) => [code, command])).toEqual([
    ['NAME_SHADOWS_ALIAS', 'processes'],
  ])
  const aliased = await checkContracts(tool, [builtin, candidateOf(sound({ aliases: ['ps'] }), false)])
  expect(aliased.violations.map(({ code, command }) => [code, command])).toEqual([['ALIAS_TAKEN', 'list']])
})

test('a route table must have the name of the command as its key', async () => {
  const { violations } = await checkContracts(tool, [
    candidateOf(sound(), false, 'list'),
    candidateOf(sound({ name: 'show' }), false, 'shows'),
  ])
  expect(violations.map(({ code, command }) => [code, command])).toEqual([['ROUTE_NAME_MISMATCH', 'show']])
})
