import { describe, expect, test } from 'vitest'
import { refusals, sound, stop, watcher } from '../contracts.js'

describe('the output of a background command', () => {
  test.each(['background_pid', 'cleanup_command', 'pid_file', 'run_id', 'session_id', 'log_path'])(
    'cannot declare %s, which the framework adds; that of another command can',
    async field => {
      const output_schema = { type: 'object', properties: { [field]: { type: 'string' } } }
      expect(await refusals(watcher({ output_schema }), stop())).toEqual([
        `OUTPUT_FIELD_RESERVED output_schema.properties.${field}`,
      ])
      expect(await refusals(sound({ output_schema }))).toEqual([])
    },
  )

  test('is an object', async () => {
    const output_schema = { type: 'array', items: { type: 'string' } }
    expect(await refusals(watcher({ output_schema }), stop())).toEqual([
      'OUTPUT_NO_OBJECT output_schema.type',
    ])
  })
})
