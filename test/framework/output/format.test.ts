/** Which form an answer takes, and whether it is coloured. */
import { describe, expect, test } from 'vitest'
import { colourAllowed, styles } from '../../../framework/output/color.js'
import { chooseFormat } from '../../../framework/output/format.js'

const NOTHING = { flag: null, env_value: null, env: {}, stdout_is_tty: true }

test.each([
  [{}, 'human'],
  [{ stdout_is_tty: false }, 'json'],
  [{ env: { CI: '1' } }, 'json'],
  [{ env: { CI: '' } }, 'human'],
  [{ env: { NO_COLOR: '1' } }, 'human'],
  [{ flag: 'tsv', env_value: 'plain' }, 'tsv'],
  [{ env_value: 'plain' }, 'plain'],
  [{ env_value: 'plain', stdout_is_tty: false }, 'plain'],
  [{ flag: 'xml', stdout_is_tty: false }, 'json'],
  [{ flag: 'xml', env_value: 'jsonl' }, 'jsonl'],
  [{ flag: 'human' }, 'human'],
  [{ flag: 'human', stdout_is_tty: false }, 'json'],
  [{ flag: '', env_value: '' }, 'human'],
])('%j is answered as %s', (asked, format) => {
  expect(chooseFormat({ ...NOTHING, ...asked })).toBe(format)
})

describe('colour', () => {
  test.each([
    [{}, true],
    [{ TERM: 'xterm-256color' }, true],
    [{ CI: '' }, true],
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: '' }, false],
    [{ CI: 'true' }, false],
    [{ GITHUB_ACTIONS: 'true' }, false],
    [{ JENKINS_URL: 'http://x' }, false],
    [{ TERM: 'dumb' }, false],
  ])('on a terminal with %j: %s', (env, allowed) => {
    expect(colourAllowed({ env, is_tty: true })).toBe(allowed)
  })

  test('never off a terminal, whatever the environment asks for', () => {
    expect(colourAllowed({ env: { FORCE_COLOR: '1' }, is_tty: false })).toBe(false)
  })

  test('a style closes what it opens, and is nothing where colour is off', () => {
    expect(styles(true).red('x')).toBe('\x1b[31mx\x1b[39m')
    expect(styles(true).red('')).toBe('')
    expect(styles(false).red('x')).toBe('x')
  })
})
