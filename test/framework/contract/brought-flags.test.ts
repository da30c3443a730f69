import { expect, test } from 'vitest'
import { broughtFlags, effectiveFlags } from '../../../framework/contract/brought-flags.js'

test('a safe command that asks nothing brings no flags', () => {
  expect(broughtFlags({ danger_level: 'safe' })).toEqual({})
  expect(broughtFlags({ danger_level: 'mutating', interactive: false })).toEqual({})
})

test('an interactive command brings --yes and --non-interactive', () => {
  expect(Object.keys(broughtFlags({ danger_level: 'safe', interactive: true }))).toEqual([
    'yes',
    'non-interactive',
  ])
})

test('a destructive command brings --confirm-destructive beside its own flags', () => {
  const flags = { 'dry-run': { type: 'boolean', description: 'd' } } as const
  expect(Object.keys(effectiveFlags({ danger_level: 'destructive', flags }))).toEqual([
    'dry-run',
    'confirm-destructive',
  ])
})
