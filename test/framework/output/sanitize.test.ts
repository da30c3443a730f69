/** What may leave the tool. */
import { describe, expect, test } from 'vitest'
import {
  externalText,
  sanitizeList,
  sanitizeRecord,
  sanitizeText,
} from '../../../framework/output/sanitize.js'

test.each([
  ['\x1b[1;31mred\x1b[0m', 'red'],
  ['\x1b[2J\x1b[Hhome', 'home'],
  ['\x9b31mred', 'red'],
  ['\x1b]0;title\x07text', 'text'],
  ['\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\', 'link'],
  ['\x9d0;title\x9ctext', 'text'],
  ['\x1bPq#0\x1b\\sixel', 'sixel'],
  ['\x1b(Bset', 'set'],
  ['\x1b7save\x1b8', 'save'],
  ['\x1b', ''],
  ['\x1b\x1b[31mx', 'x'],
  ['end\x1b[', 'end['.slice(0, 3)],
  ['a\r\nb\rc', 'a\nbc'],
  ['a\0b', 'a\ufffdb'],
  ['\ud83d', '\ufffd'],
  ['\udc4dx', '\ufffdx'],
  ['👍 ünï', '👍 ünï'],
  ['tab\tand\nline', 'tab\tand\nline'],
])('%j becomes %j', (text, expected) => {
  expect(sanitizeText(text)).toBe(expected)
})

test('an unterminated title swallows nothing of what follows', () => {
  expect(sanitizeText('\x1b]0;evil and the rest')).toContain('evil and the rest')
})

// The deadline is what a quadratic expression misses by far.
test('no text, however made, keeps an escape or is slow', { timeout: 10_000 }, () => {
  for (const piece of ['\x1b]', '\x1b[', '\x9d', '\x1bP', '\x1b[0;', '\x1b ', '\x9b1', '\x9c']) {
    const text = sanitizeText(piece.repeat(200_000))
    expect(text).not.toMatch(/[\x1b\x90\x98\x9b-\x9f]/)
  }
})

describe('values', () => {
  test('all text is reached: keys, values, lists, any depth', () => {
    expect(sanitizeRecord({ '\x1b[1mkey': [{ deep: '\x1b[31mred' }, 'a\rb'] })).toEqual({
      key: [{ deep: 'red' }, 'ab'],
    })
  })

  test('what JSON cannot say is said otherwise, and nothing throws', () => {
    const circular: Record<string, unknown> = { name: 'c' }
    circular['self'] = circular
    const hostile = {
      get bad(): string {
        throw new Error('no')
      },
    }
    expect(
      sanitizeList([
        Number.NaN,
        Number.POSITIVE_INFINITY,
        undefined,
        () => 1,
        Symbol('s'),
        12n,
        2n ** 64n,
        new Date(0),
        new Date(Number.NaN),
        new Map([['k', 'v\r']]),
        new Set([1, 2]),
        new TypeError('t'),
        Buffer.from('abc'),
        circular,
        hostile,
      ]),
    ).toEqual([
      null,
      null,
      null,
      null,
      null,
      12,
      '18446744073709551616',
      '1970-01-01T00:00:00.000Z',
      null,
      { k: 'v' },
      [1, 2],
      { name: 'TypeError', message: 't' },
      { type: 'binary', encoding: 'base64', value: 'YWJj', size_bytes: 3 },
      { name: 'c', self: '[circular]' },
      '[unreadable]',
    ])
  })

  test('undefined members go, null ones stay', () => {
    expect(Object.keys(sanitizeRecord({ a: undefined, b: null }))).toEqual(['b'])
  })

  test('a member called __proto__ is a member', () => {
    const record = sanitizeRecord(JSON.parse('{"__proto__": {"polluted": true}}'))
    expect(JSON.stringify(record)).toBe('{"__proto__":{"polluted":true}}')
    expect('polluted' in record).toBe(false)
  })

  test('a value nested beyond all measure is cut, not fatal', () => {
    let deep: unknown = 'end'
    for (let level = 0; level < 50_000; level++) deep = [deep]
    expect(JSON.stringify(sanitizeRecord({ deep }))).toContain('[too deep]')
  })

  test('the same object twice is no circle', () => {
    const shared = { a: 1 }
    expect(sanitizeRecord({ x: shared, y: shared })).toEqual({ x: { a: 1 }, y: { a: 1 } })
  })
})

test('text from outside is one line, escaped and capped', () => {
  expect(externalText('ok\n{"ok":true}\x1b[2K', 100)).toBe('ok\\n{"ok":true}\\x1b[2K')
  expect(externalText('x'.repeat(100), 10)).toBe('xxxxxxxxx…')
})
