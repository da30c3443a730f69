import { describe, expect, test } from 'vitest'
import { defineCommand } from '../../../framework/author.js'
import { canonicalJson, contractOf, textDigest } from '../../../framework/contract/projection.js'

const command = defineCommand({
  name: 'list',
  description: 'List what is there.',
  danger_level: 'safe',
  required_scopes: [],
  flags: { all: { type: 'boolean', description: 'Hidden ones too' } },
  exit_codes: { SUCCESS: { description: 'Done', retryable: false, side_effects: 'none' } },
  output_schema: { type: 'object' },
  validate: () => [],
  execute: async () => ({}),
})

describe('contractOf', () => {
  test('is the command without its functions', () => {
    const contract = contractOf(command)
    expect(Object.keys(contract).sort()).toEqual(
      Object.keys(command)
        .filter(key => key !== 'execute' && key !== 'validate')
        .sort(),
    )
    expect(contract.flags).toEqual(command.flags)
  })
})

describe('canonicalJson', () => {
  test('is one text for equal data, whatever the order of the keys', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe('{"a":"x","b":[{"c":null,"d":1}]}')
    expect(canonicalJson({ a: 'x', b: [{ c: null, d: 1 }] })).toBe(
      canonicalJson({ b: [{ d: 1, c: null }], a: 'x' }),
    )
  })

  test('treats what is no data as JSON does', () => {
    const value = { u: undefined, f: () => 1, s: Symbol('s'), n: Number.NaN, list: [undefined, () => 1, -0] }
    expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
    expect(canonicalJson(undefined)).toBe('null')
  })

  test('keeps a key that an object literal would lose', () => {
    const value: unknown = JSON.parse('{"__proto__":{"a":1}}')
    expect(canonicalJson(value)).toBe('{"__proto__":{"a":1}}')
  })
})

describe('the digest', () => {
  test('is FNV-1a of 64 bits', () => {
    const prime = 0x100000001b3n
    const reference = (text: string): string => {
      let hash = 0xcbf29ce484222325n
      for (const byte of Buffer.from(text, 'utf16le'))
        hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime)
      return hash.toString(16).padStart(16, '0')
    }
    for (const text of ['', 'a', 'ab', 'ÿ', '🙂', '{"name":"list"}', 'x'.repeat(5000)]) {
      expect(textDigest(text)).toBe(reference(text))
    }
  })
})

describe('the text of a contract', () => {
  const text = canonicalJson(contractOf(command))

  test('is the same however it is written, and another after any change', () => {
    const turned = Object.fromEntries(Object.entries(contractOf(command)).reverse())
    expect(canonicalJson(turned)).toBe(text)
    const changes = [
      { description: 'List what is there' },
      { idempotent: true },
      { required_scopes: ['read'] },
      { flags: { ...command.flags, more: { type: 'boolean' as const, description: 'x' } } },
    ]
    for (const change of changes) {
      expect(canonicalJson({ ...contractOf(command), ...change })).not.toBe(text)
    }
  })

  test('does not see the functions', () => {
    const other = { ...command, execute: async () => ({ other: true }) }
    expect(canonicalJson(contractOf(other))).toBe(text)
  })
})
