import { describe, expect, test } from 'vitest'
import { takePlainData } from '../../../framework/contract/plain-data.js'

const faultsOf = (value: unknown) =>
  takePlainData(value).faults.map(({ place, message }) => `${place}: ${message}`)

describe('takePlainData', () => {
  test('copies data, and drops what is undefined', () => {
    const value = { a: [1, 'x', null, { b: true }], c: undefined }
    const { data, faults } = takePlainData(value)
    expect(faults).toEqual([])
    expect(data).toEqual({ a: [1, 'x', null, { b: true }] })
    expect(Object.keys(data ?? {})).toEqual(['a'])
    expect(data).not.toBe(value)
  })

  test('leaves out the functions that it is told of, at the top alone', () => {
    const run = () => 1
    const { data, faults } = takePlainData({ run, deep: { run } }, ['run'])
    expect(data).toEqual({ deep: {} })
    expect(faults).toEqual([{ place: 'deep.run', message: 'a function is no data' }])
  })

  test('calls nothing at all by no article', () => {
    expect(takePlainData(undefined).faults).toEqual([{ place: '', message: 'undefined is no data' }])
  })

  test.each([
    ['a: a symbol is no data', { a: Symbol('s') }],
    ['a: a bigint is no data', { a: 1n }],
    ['a: NaN is no JSON number', { a: Number.NaN }],
    ['a: a Date is no plain object', { a: new Date(0) }],
    ['a: a RegExp is no plain object', { a: /x/ }],
    ['a: a Map is no plain object', { a: new Map() }],
    ['a.1: it is undefined', { a: [1, undefined] }],
  ])('reports %s', (expected, value) => {
    expect(faultsOf(value)).toEqual([expected])
  })

  test('reports a cycle once, and not what merely stands twice', () => {
    const twice = { x: 1 }
    expect(faultsOf({ a: twice, b: twice })).toEqual([])
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    expect(faultsOf(cycle)).toEqual(['self: it contains itself'])
  })

  test('reports a getter that throws, whatever it throws, and reads on', () => {
    const value = {
      get a(): unknown {
        throw new Error('not now')
      },
      get b(): unknown {
        throw {
          toString() {
            throw new Error('not even its name')
          },
        }
      },
      c: 1,
    }
    expect(faultsOf(value)).toEqual([
      'a: reading it failed: not now',
      'b: reading it failed: an error that cannot be shown',
    ])
    expect(takePlainData(value).data).toEqual({ c: 1 })
  })

  test('ends at a depth and at a size', () => {
    let deep: unknown = 1
    for (let level = 0; level < 10_000; level += 1) deep = { deep }
    expect(faultsOf(deep)).toHaveLength(1)
    expect(faultsOf(deep)[0]).toContain('nested deeper than')
    const endless = new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 32 - 1 : {}) })
    expect(faultsOf(endless).join()).toContain('too large')
  })

  test('keeps a key that an assignment would lose', () => {
    const { data } = takePlainData(JSON.parse('{"__proto__":{"a":1}}'))
    expect(Object.keys(data ?? {})).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
  })
})
