/** Words to a line and back, with a real shell as the judge. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { formatCommandLine, splitCommandLine } from '../../../framework/argv/command-line.js'

const WORDS = [
  ['plain', '--flag=value', '/a/b.c'],
  [
    'two words',
    "it's",
    '"quoted"',
    '',
    '$HOME',
    '`id`',
    'a\\b',
    '*',
    '~',
    '=cmd',
    'a;b|c&d',
    '#x',
    '!',
    'ü',
    'tab\there',
  ],
  ['line\nbreak'],
]

test.each(WORDS.map(words => [words]))('a shell reads %j back as it was', words => {
  const line = formatCommandLine(words)
  const out = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
  expect(out.split('\0').slice(0, -1)).toEqual(words)
  expect(splitCommandLine(line)).toEqual(words)
})

test.each([
  [`a  b\tc`, ['a', 'b', 'c']],
  [`a 'b c' "d 'e'" f\\ g`, ['a', 'b c', "d 'e'", 'f g']],
  [`a"b"'c'd`, ['abcd']],
  [`"a\\"b\\\\c\\d"`, ['a"b\\c\\d']],
  [`sh -c 'sleep 1 & echo $$'`, ['sh', '-c', 'sleep 1 & echo $$']],
  ['', []],
])('%s splits into %j', (line, words) => {
  expect(splitCommandLine(line)).toEqual(words)
})

test.each([
  'a | b',
  'a; b',
  'a && b',
  'a > f',
  'a < f',
  'a $X',
  'a "$X"',
  'a `b`',
  "a 'b",
  'a "b',
  'a \\',
  'a\nb',
  'a (b)',
])('%j is more than one plain call', line => {
  expect(splitCommandLine(line)).toBeNull()
})
