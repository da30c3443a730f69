import { defineCommand } from '../framework/author.js'
export const a = defineCommand({
  name: 'start-watcher',
  description: 'x',
  danger_level: 'safe',
  required_scopes: [],
  spawns_background_process: true,
  cleanup_command: 'stop',
  max_lifetime_seconds: 3600,
  flags: {
    dir: { type: 'string', required: true, description: 'd' },
    n: { type: 'integer', description: 'x' },
  },
  exit_codes: {
    SUCCESS: { description: 'ok', retryable: false, side_effects: 'complete' },
    NOT_FOUND: { description: 'x', retryable: false, side_effects: 'none' },
    OWN: { code: 80, description: 'x', retryable: false, side_effects: 'none' },
  },
  output_schema: {
    type: 'object',
    properties: { watching: { type: 'string' }, n: { type: 'integer' } },
    required: ['watching'],
  },
  async execute(args, ctx) {
    const d: string = args.dir
    const n: number | undefined = args.n
    if (n) throw ctx.exit.NOT_FOUND('x')
    await ctx.background.spawn([d])
    return { watching: d }
  },
})
export const b = defineCommand({
  name: 'x',
  description: 'x',
  danger_level: 'mutating',
  required_scopes: [],
  flags: {},
  positionals: [{ name: 'run', type: 'string', variadic: true, description: '' }],
  exit_codes: { SUCCESS: { description: 'ok', retryable: false, side_effects: 'complete' } },
  output_schema: { type: 'object' },
  async execute(args, ctx) {
    const r: readonly string[] = args.run
    // @ts-expect-error
    args.foo
    // @ts-expect-error
    ctx.background
    // @ts-expect-error
    ctx.exit.NOPE
    return { a: r, d: ctx.dryRun }
  },
})
