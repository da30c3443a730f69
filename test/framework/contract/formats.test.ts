import { describe, expect, test } from 'vitest'
import { FORMATS } from '../../../framework/contract/formats.js'

interface Samples {
  readonly good: readonly string[]
  readonly bad: readonly string[]
}

const SAMPLES: Readonly<Record<string, Samples>> = {
  date: {
    good: ['2024-02-29', '2000-02-29', '2023-12-31', '0001-01-01'],
    bad: ['2023-02-29', '1900-02-29', '2024-04-31', '2024-13-01', '2024-00-10', '2024-1-1', '24-01-01', ''],
  },
  time: {
    good: ['00:00:00Z', '23:59:60Z', '12:30:00.123+02:00', '12:30:00-23:59', '12:30:00z'],
    bad: ['24:00:00Z', '12:60:00Z', '12:30:61Z', '12:30:00', '12:30Z', '12:30:00.Z', '12:30:00+24:00'],
  },
  'date-time': {
    good: ['2024-02-29T23:59:59Z', '2024-01-01t00:00:00.5z', '2024-01-01T00:00:00+05:30'],
    bad: ['2023-02-29T00:00:00Z', '2024-01-01 00:00:00Z', '2024-01-01T00:00:00', '2024-01-01'],
  },
  hostname: {
    good: ['localhost', 'example.com', 'a-b.c1.example', 'x'.repeat(63)],
    bad: ['', '-a', 'a-', 'a..b', 'a_b', '.a', 'a.', 'x'.repeat(64), `${'abcdefg.'.repeat(32)}x`],
  },
  email: {
    good: ['a@example.com', 'first.last+tag@sub.example.com', 'a@localhost'],
    bad: ['a', '@example.com', 'a@', 'a b@example.com', 'a@b@c', 'a@exa mple.com', 'a@-x.com'],
  },
  ipv4: {
    good: ['0.0.0.0', '127.0.0.1', '255.255.255.255'],
    bad: ['256.0.0.1', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.4 ', ''],
  },
  ipv6: {
    good: [
      '::',
      '::1',
      '1::',
      'fe80::1',
      '1:2:3:4:5:6:7:8',
      '::ffff:1.2.3.4',
      '1:2:3:4:5:6:1.2.3.4',
      '1::8',
      '1:2::7:8',
    ],
    bad: [
      '',
      ':',
      ':::',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1::2::3',
      '12345::',
      'g::',
      '::1.2.3',
      '1:2:3:4:5:6:7::8:9',
    ],
  },
  uri: {
    good: [
      'https://example.com/a/b?c=d#e',
      'http://user:pw@[::1]:8080/',
      'mailto:a@example.com',
      'urn:isbn:1',
      'file:///etc/hosts',
      'https://example.com/%20',
    ],
    bad: [
      '',
      'example.com',
      '//example.com',
      '/a',
      'https://exa mple.com',
      'https://example.com/%zz',
      '1a:b',
      'a:<b>',
    ],
  },
  'uri-reference': {
    good: ['', '/a', 'a/b', '../x', '?q', '#f', '//example.com', 'https://example.com'],
    bad: ['a b', '%', '<', '\\\\host'],
  },
  uuid: {
    good: ['123e4567-e89b-12d3-a456-426614174000', '123E4567-E89B-12D3-A456-426614174000'],
    bad: [
      '123e4567e89b12d3a456426614174000',
      '123e4567-e89b-12d3-a456-42661417400',
      'g23e4567-e89b-12d3-a456-426614174000',
    ],
  },
  'json-pointer': {
    good: ['', '/', '/a/b', '/a~0b/~1', '/ä b'],
    bad: ['a', '/~', '/~2', '#/a'],
  },
}

test('every format has its samples', () => {
  expect(Object.keys(SAMPLES).sort()).toEqual(Object.keys(FORMATS).sort())
})

describe.each(Object.entries(SAMPLES))('%s', (name, { good, bad }) => {
  test.each(good)('accepts %j', text => {
    expect(FORMATS[name]?.test(text)).toBe(true)
  })

  test.each(bad)('refuses %j', text => {
    expect(FORMATS[name]?.test(text)).toBe(false)
  })

  test('does not look behind a line break', () => {
    expect(FORMATS[name]?.test(`${good[0]}\n`)).toBe(false)
  })
})
