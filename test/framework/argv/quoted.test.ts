/** Text from outside on one visible line. */
import { expect, test } from 'vitest'
import { escapeControls, oneLine, quoted } from '../../../framework/argv/quoted.js'

test.each([
  ['a\nb\r\tc', 'a\\nb\\r\\tc'],
  ['\x1b[31mred\x07', '\\x1b[31mred\\x07'],
  ['\x9b31m', '\\x9b31m'],
  ['a\u2028b\u202ec\u200b', 'a\\u{2028}b\\u{202e}c\\u{200b}'],
  ['\ud800x', '\\u{d800}x'],
  ['Grüße 日本 👩‍👩‍👧', 'Grüße 日本 👩‍👩‍👧'],
])('%j becomes %s', (text, expected) => {
  expect(escapeControls(text)).toBe(expected)
})

test.each([
  ['abcdef', 6, 'abcdef'],
  ['abcdefg', 6, 'abcde…'],
  ['ab\n\n', 4, 'ab…'],
  ['👍👍👍', 4, '👍…'],
  ['', 1, ''],
])('%j within %i is %s', (text, max, expected) => {
  expect(oneLine(text, max)).toBe(expected)
  expect(oneLine(text, max).length).toBeLessThanOrEqual(max)
})

test('a text of any length is cut without reading it whole', () => {
  expect(quoted('x'.repeat(5_000_000), 10)).toBe(`'${'x'.repeat(9)}…'`)
})
