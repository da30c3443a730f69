import { expect, test } from 'vitest'
import { isAnchored } from '../../../../framework/contract/rules/flag-patterns.js'
import { flagRefusals, sound, violations } from '../contracts.js'

const text = { type: 'string', description: 'A text' }

test.each(['^a$', '^(a|b)$', '^(?:a|b)$', '^[|]$', '^a\\|b$', '^[^\\]$]+$', '^\\$$', '^$', '^((a)|(b|c))$'])(
  '%s is anchored',
  async pattern => {
    expect(isAnchored(pattern)).toBe(true)
    expect(await flagRefusals({ ...text, pattern })).toEqual([])
  },
)

test.each(['a', '^a', 'a$', '^a|b$', '^a$|^b$', '^a\\$', '^[a$]', '(^a$)', '^(a$)', ''])(
  '%j is not anchored',
  async pattern => {
    expect(isAnchored(pattern)).toBe(false)
    expect(await flagRefusals({ ...text, pattern })).toEqual(['PATTERN_NOT_ANCHORED flags.f.pattern'])
  },
)

test('the fix of a pattern that is not anchored is one that is', async () => {
  const [violation] = await violations(sound({ flags: { f: { ...text, pattern: '^a|b$' } } }))
  const fixed = violation?.fix.slice(violation.fix.indexOf('^')) ?? ''
  expect(fixed).toBe('^(?:a|b)$')
  expect(isAnchored(fixed)).toBe(true)
})

test.each(['^($', '^[z-a]$', '^a{2,1}$', '^\\_$', '^\\p{Nope}$', '^(?<n>a)(?<n>b)$'])(
  '%s does not compile',
  async pattern => {
    expect(await flagRefusals({ ...text, pattern })).toEqual(['PATTERN_INVALID flags.f.pattern'])
  },
)

test('a flag has a pattern or a pattern type', async () => {
  expect(await flagRefusals({ ...text, pattern: '^a$', pattern_type: 'uuid' })).toEqual([
    'PATTERN_AND_PATTERN_TYPE flags.f.pattern_type',
  ])
})

test.each(['integer', 'number', 'boolean', 'array'])(
  'a pattern says nothing about the type %s',
  async type => {
    const flag = { type, description: 'd' }
    expect(await flagRefusals({ ...flag, pattern: '^a$' })).toEqual(['PATTERN_MISPLACED flags.f.pattern'])
    expect(await flagRefusals({ ...flag, pattern_type: 'uuid' })).toEqual([
      'PATTERN_MISPLACED flags.f.pattern_type',
    ])
  },
)

test('an unknown pattern type is refused', async () => {
  expect(await flagRefusals({ ...text, pattern_type: 'ipv4' })).toEqual(['FIELD_VALUE flags.f.pattern_type'])
})
