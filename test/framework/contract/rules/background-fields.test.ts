import { describe, expect, test } from 'vitest'
import { refusals, sound, stop, watcher } from '../contracts.js'

const fields = {
  spawns_background_process: true,
  cleanup_command: 'stop',
  max_lifetime_seconds: 60,
} as const
const names = ['spawns_background_process', 'cleanup_command', 'max_lifetime_seconds'] as const

describe('the three fields of a background command', () => {
  const combinations = Array.from({ length: 8 }, (_, bits) => names.filter((_, index) => bits & (1 << index)))
  test.each(combinations.map(declared => [declared.join(' + ') || 'nothing', declared] as const))(
    'with %s: all or none',
    async (_, declared) => {
      const parts = Object.fromEntries(declared.map(name => [name, fields[name]]))
      const missing = names.filter(name => !declared.includes(name))
      const expected =
        declared.length === 0 ? [] : missing.map(name => `BACKGROUND_FIELDS_INCOMPLETE ${name}`)
      expect(await refusals(sound({ name: 'watch', ...parts }), stop())).toEqual(expected)
    },
  )

  test('a command may say that it leaves no process, and then has none of the others', async () => {
    expect(await refusals(sound({ spawns_background_process: false }))).toEqual([])
    expect(await refusals(watcher({ spawns_background_process: false }), stop())).toEqual([
      'BACKGROUND_FIELDS_INCOMPLETE spawns_background_process',
    ])
  })
})
