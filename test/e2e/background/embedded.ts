/** The source of a program that embeds a tool and starts what it likes: many runs of one process. */

/**
 * Declares `tool`, with one command `launch <number>`.
 * @param argv of what that starts, as source; `number` is what was given
 */
export const embedding = (argv: string): string => `
import { createTool, defineCommand } from 'chaperone'
const launch = defineCommand({
  name: 'launch',
  description: 'Start a program in the background.',
  danger_level: 'safe',
  required_scopes: [],
  spawns_background_process: true,
  cleanup_command: 'stop',
  max_lifetime_seconds: 600,
  flags: {},
  positionals: [{ name: 'number', type: 'string', required: true, description: 'What the program is given' }],
  exit_codes: { SUCCESS: { description: 'It runs', retryable: false, side_effects: 'complete' } },
  output_schema: { type: 'object' },
  async execute({ number }, ctx) {
    await ctx.background.spawn(${argv})
    return {}
  },
})
const tool = await createTool({ name: 'chaperone', version: '1.0.0', description: 'Starts.', commands: [launch] })
`
