/** `start-watcher`: a directory watcher in the background; its log has one JSON line per change. */
import { fileURLToPath } from 'node:url'
import { CommandExit, defineCommand } from '../../framework/author.js'
import { FAILURE_EXIT_CODES } from './directory-watcher/exit-codes.js'

/** After the build this module lies one level below `dist`, and the program in `dist/commands`. */
const PROGRAM = new URL('../commands/directory-watcher.js', import.meta.url)

export default defineCommand({
  name: 'start-watcher',
  description: 'Watch a directory and everything below it, and record every change.',
  danger_level: 'safe',
  required_scopes: [],
  spawns_background_process: true,
  cleanup_command: 'stop-watcher',
  max_lifetime_seconds: 86_400,
  flags: {
    dir: { type: 'string', required: true, pattern_type: 'filepath', description: 'The directory to watch' },
  },
  exit_codes: {
    SUCCESS: {
      description: 'The watcher sees every change from now on',
      retryable: false,
      side_effects: 'complete',
    },
    GENERAL_ERROR: {
      description: 'The watcher could not be started',
      retryable: false,
      side_effects: 'partial',
    },
    PRECONDITION: {
      description: 'The directory cannot be watched on this machine',
      retryable: false,
      side_effects: 'none',
      error_codes: [
        'NOT_A_DIRECTORY',
        'WATCH_LIMIT',
        'TOO_MANY_OPEN_FILES',
        'CANNOT_WATCH',
        'STATE_DIR_UNAVAILABLE',
      ],
    },
    NOT_FOUND: {
      description: 'The directory does not exist',
      retryable: false,
      side_effects: 'none',
      error_codes: ['NOT_FOUND'],
    },
    PERMISSION_DENIED: {
      description: 'The directory may not be read',
      retryable: false,
      side_effects: 'none',
      error_codes: ['NOT_READABLE'],
    },
  },
  output_schema: {
    type: 'object',
    properties: { watching: { type: 'string' } },
    required: ['watching'],
  },
  examples: [{ description: 'Watch the working directory', command: 'chaperone start-watcher --dir .' }],
  async execute({ dir }, ctx) {
    try {
      await ctx.background.spawn([process.execPath, fileURLToPath(PROGRAM), dir], {
        name: 'watcher',
        ready: { log: /^\{"event":"watching"/ },
      })
    } catch (error) {
      const failed = error instanceof CommandExit ? failedLine(error) : null
      if (!failed) throw error
      const { code, message, fix } = failed
      const details = { code, context: { dir }, fix_required: fix }
      if (code === 'NOT_FOUND') throw ctx.exit.NOT_FOUND(`${dir}: ${message}`, details)
      if (code === 'NOT_READABLE') throw ctx.exit.PERMISSION_DENIED(`${dir}: ${message}`, details)
      throw ctx.exit.PRECONDITION(`${dir}: ${message}`, details)
    }
    return { watching: dir }
  },
})

interface FailedLine {
  readonly code: string
  readonly message: string
  readonly fix: string
}

/** What the watcher said last, where it ended because it cannot watch. */
function failedLine({ details }: CommandExit): FailedLine | null {
  const lines = details.context?.['last_lines']
  const last = Array.isArray(lines)
    ? lines.findLast(line => typeof line === 'string' && line !== '')
    : undefined
  try {
    const line: unknown = JSON.parse(String(last))
    return isFailedLine(line) ? line : null
  } catch {
    return null
  }
}

function isFailedLine(line: unknown): line is FailedLine {
  if (typeof line !== 'object' || line === null) return false
  const { code, message, fix }: Partial<Record<keyof FailedLine, unknown>> = line
  return (
    typeof code === 'string' &&
    Object.hasOwn(FAILURE_EXIT_CODES, code) &&
    typeof message === 'string' &&
    typeof fix === 'string'
  )
}
