/** Durations on a command line. */
import { expect, test } from 'vitest'
import { parseDuration } from '../../../framework/argv/durations.js'

test.each([
  ['500ms', 500],
  ['60s', 60_000],
  ['60', 60_000],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  ['0', 0],
])('%s is %i ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
})

test.each(['', '-1s', '1.5s', '1 s', '1w', 's', '01', '1s1', '10000000000', ' 1', '1\n'])(
  '%j is none',
  text => {
    expect(parseDuration(text)).toBeNull()
  },
)
