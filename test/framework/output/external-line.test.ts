/** Lines of programs in an answer: readable, and unable to forge or hide anything. */
import { expect, test } from 'vitest'
import { externalLine } from '../../../framework/output/external-line.js'

test.each([
  ['plain text', 'plain text'],
  ['\tat main (app.js:1)', '\tat main (app.js:1)'],
  ['\x1b[31;1merror\x1b[0m: no', 'error: no'],
  ['\x1b[38:5:196mred\x1b[m', 'red'],
  ['forged\nline', 'forged\\nline'],
  ['over\rwritten', 'over\\rwritten'],
  ['\x1b[2Jgone', '\\x1b[2Jgone'],
  ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
  ['a\u202eb', 'a\\u{202e}b'],
  ['nul\0', 'nul\\x00'],
  ['', ''],
])('%j becomes %j', (text, expected) => {
  expect(externalLine(text)).toBe(expected)
})
