// A background process: one server a session and directory. The built-in `stop` ends it.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { defineCommand } from 'chaperone'

const SERVER = fileURLToPath(new URL('../server.js', import.meta.url))

export default defineCommand({
  name: 'serve',
  description: 'Serve a directory over HTTP until it is stopped, for an hour at most.',
  danger_level: 'safe',
  required_scopes: [],
  idempotent: true,
  spawns_background_process: true,
  cleanup_command: 'stop',
  max_lifetime_seconds: 3600,
  flags: {
    dir: { type: 'string', required: true, pattern_type: 'filepath', description: 'The directory to serve' },
  },
  exit_codes: {
    SUCCESS: { description: 'The server answers', retryable: false, side_effects: 'complete' },
    NOT_FOUND: {
      description: 'The directory does not exist',
      retryable: false,
      side_effects: 'none',
      error_codes: ['NO_SUCH_DIRECTORY'],
    },
  },
  output_schema: {
    type: 'object',
    properties: {
      url: { type: 'string' },
      started: { type: 'boolean', description: 'False where this session served the directory already' },
    },
    required: ['url', 'started'],
  },
  examples: [{ description: 'Serve what was built', command: 'site serve --dir public --session work' }],
  async execute({ dir }, ctx) {
    if (!existsSync(dir)) {
      throw ctx.exit.NOT_FOUND(`there is no directory ${dir}`, {
        code: 'NO_SUCH_DIRECTORY',
        context: { dir },
        fix_required: 'name an existing directory',
      })
    }
    const serving = await ctx.runs.live({ session: ctx.session.id, command: 'serve' })
    const running = serving.find(({ name }) => name === dir)
    const run = running
      ? await ctx.background.existing(running.run_id)
      : await ctx.background.spawn([process.execPath, SERVER, dir], { name: dir, ready: { log: /^http:/ } })
    const log = await readFile(run.log_path, 'utf8')
    return { url: log.split('\n')[0], started: !running }
  },
})
