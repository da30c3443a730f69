import { expect, test } from 'vitest'
import { isCommandPath } from '../../../framework/contract/command-path.js'
import { refusals, sound } from './contracts.js'

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
