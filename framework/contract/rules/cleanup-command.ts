/** The command that ends a background run: it is there, harmless, and takes a run (REQ-C-010, contract A-09). */
import { nearest } from '../../argv/suggest.js'
import { isPlainObject } from '../plain-data.js'
import type { Finding, Rule, RuleContext } from '../violation.js'
import { isBackground } from './background-fields.js'

const PLACE = 'cleanup_command'
const STOP = 'Name a command that takes --run and --session; the built-in `stop` does.'

export const cleanupCommand: Rule = function* (command, context) {
  const path = command.data[PLACE]
  if (typeof path !== 'string') return
  if (path === command.name) {
    yield finding('CLEANUP_COMMAND_SELF', 'It names the command itself.', STOP)
    return
  }
  const target = context.by_name.get(path)
  if (target === undefined) {
    yield unknown(path, context)
    return
  }
  const { data } = target
  if (data['danger_level'] === 'destructive') {
    yield finding(
      'CLEANUP_COMMAND_DESTRUCTIVE',
      `'${path}' is destructive: it asks for a confirmation that nobody gives.`,
      'Name a command that is safe or mutating.',
    )
  }
  if (isBackground(data)) {
    yield finding('CLEANUP_COMMAND_BACKGROUND', `'${path}' leaves a background process itself.`, STOP)
  }
  const { flags } = data
  const run = isPlainObject(flags) && Object.hasOwn(flags, 'run') ? flags['run'] : undefined
  if (!isPlainObject(run) || (run['type'] !== 'string' && run['type'] !== 'array')) {
    yield finding(
      'CLEANUP_COMMAND_WITHOUT_RUN',
      `'${path}' takes no \`--run <id>\`.`,
      `Declare run: { type: 'string', description: '…' } in the flags of '${path}', or name the built-in \`stop\`.`,
    )
  }
}

function unknown(path: string, context: RuleContext): Finding {
  const target = context.aliases.get(path)
  if (target !== undefined) {
    return finding(
      'CLEANUP_COMMAND_UNKNOWN',
      `'${path}' is only an alias.`,
      `Name the command itself: '${target}'.`,
    )
  }
  const [near] = nearest(path, context.by_name.keys(), 1)
  const fix = near === undefined ? STOP : `Did you mean '${near}'? ${STOP}`
  return finding('CLEANUP_COMMAND_UNKNOWN', `No command is called '${path}'.`, fix)
}

function finding(code: string, message: string, fix: string): Finding {
  return { code, place: PLACE, message, fix }
}
