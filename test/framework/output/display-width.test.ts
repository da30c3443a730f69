/** Columns of a terminal. */
import { expect, test } from 'vitest'
import { cutTo, displayWidth } from '../../../framework/output/display-width.js'

test.each([
  ['', 0],
  ['abc', 3],
  ['Grüße', 5],
  ['日本', 4],
  ['e\u0301', 1],
  ['한글', 4],
  ['👍', 2],
])('%s takes %i columns', (text, columns) => {
  expect(displayWidth(text)).toBe(columns)
})

test.each([
  ['abcdef', 6, 'abcdef'],
  ['abcdef', 5, 'abcd…'],
  ['日本語', 5, '日本…'],
  ['日本語', 4, '日…'],
  ['abc', 1, '…'],
])('%s cut to %i is %s', (text, columns, expected) => {
  expect(cutTo(text, columns)).toBe(expected)
  expect(displayWidth(cutTo(text, columns))).toBeLessThanOrEqual(columns)
})
