// A tracked child, a dry run, and an exit of its own. Nothing half-written stays, however the call ends.
import { existsSync } from 'node:fs'
import { copyFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { defineCommand } from 'chaperone'

export default defineCommand({
  name: 'pack',
  description: 'Pack a directory into a compressed archive.',
  danger_level: 'mutating',
  required_scopes: [],
  flags: {
    dir: { type: 'string', required: true, pattern_type: 'filepath', description: 'The directory to pack' },
    to: {
      type: 'string',
      default: 'site.tar.gz',
      pattern_type: 'filepath',
      description: 'The archive to write',
    },
    replace: { type: 'boolean', description: 'Replace an archive that is there' },
    'dry-run': { type: 'boolean', description: 'Say what would be written' },
  },
  exit_codes: {
    SUCCESS: { description: 'The archive is written', retryable: false, side_effects: 'complete' },
    CONFLICT: {
      description: 'There is an archive already',
      retryable: false,
      side_effects: 'none',
      error_codes: ['ARCHIVE_EXISTS'],
    },
    TAR_FAILED: { code: 79, description: 'tar could not pack it', retryable: false, side_effects: 'none' },
  },
  output_schema: {
    type: 'object',
    properties: {
      effect: { enum: ['created', 'updated', 'would_create', 'would_update'] },
      archive: { type: 'string' },
    },
    required: ['effect', 'archive'],
  },
  examples: [
    { description: 'Pack what was built', command: 'site pack --dir public --to public.tar.gz' },
    { description: 'What would be written', command: 'site pack --dir public --dry-run' },
  ],
  validate: ({ to }) =>
    existsSync(dirname(to)) ? [] : [{ param: 'to', message: `--to: there is no directory ${dirname(to)}` }],
  async execute({ dir, to, replace }, ctx) {
    const there = existsSync(to)
    if (there && !replace) {
      throw ctx.exit.CONFLICT(`${to} is there already`, {
        code: 'ARCHIVE_EXISTS',
        context: { archive: to },
        fix_required: 'choose another --to, or replace it with --replace',
      })
    }
    if (ctx.dryRun) return { effect: there ? 'would_update' : 'would_create', archive: to }

    const packed = join(await ctx.temp_dir(), 'archive')
    const tar = await ctx.run(['tar', '-czf', packed, '-C', dir, '.'], { timeout_ms: 60_000 })
    if (tar.exit_code !== 0) {
      throw ctx.exit.TAR_FAILED(`${dir} could not be packed`, {
        detail: tar.stderr.trim(),
        context: { exit_code: tar.exit_code, signal: tar.signal },
        fix_required: 'detail is what tar said',
      })
    }
    // The temporary directory may be on another disk: copy beside the target, then rename.
    const beside = `${to}.${ctx.request_id}`
    ctx.on_cleanup(() => rm(beside, { force: true }))
    await copyFile(packed, beside)
    await rename(beside, to)
    return { effect: there ? 'updated' : 'created', archive: to }
  },
})
