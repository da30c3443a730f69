import { describe, expect, test } from 'vitest'
import { refusals, stop, watcher } from '../contracts.js'

describe('max_lifetime_seconds', () => {
  test.each([1, 2, 3600, 31_536_000])('%s is a lifetime', async max_lifetime_seconds => {
    expect(await refusals(watcher({ max_lifetime_seconds }), stop())).toEqual([])
  })

  test.each([
    '60',
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    31_536_001,
    null,
    true,
    [60],
    { seconds: 60 },
  ])('%j is no lifetime', async max_lifetime_seconds => {
    expect(await refusals(watcher({ max_lifetime_seconds }), stop())).toEqual([
      'MAX_LIFETIME_INVALID max_lifetime_seconds',
    ])
  })
})
