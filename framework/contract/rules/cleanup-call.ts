/** A cleanup command runs as agents get it: the manifest shows it bare, an answer with session and run (contract A-09). */
import { parseArguments } from '../../argv/parse.js'
import type { InputDeclaration, ParsingRule, RuleContext } from '../violation.js'

export const cleanupCall: ParsingRule = function* (command, context, input_of) {
  const path = command.data['cleanup_command']
  const target = typeof path === 'string' ? context.by_name.get(path) : undefined
  const input = target === undefined || target === command ? null : input_of(target)
  if (typeof path !== 'string' || input === null || !Object.hasOwn(input.flags, 'run')) return
  for (const argv of [[], ['--session', 'a-session', '--run', '0123456789ab']]) {
    const errors = errorsOf(path, argv, input, context)
    if (errors.length === 0) continue
    const call = [context.tool.name, path, ...argv].join(' ')
    yield {
      code: 'CLEANUP_COMMAND_CALL_REFUSED',
      place: 'cleanup_command',
      message: `\`${call}\` does not parse: ${errors.join('; ')}.`,
      fix: `Make '${path}' need nothing but --run and --session, or name the built-in \`stop\`.`,
    }
    return
  }
}

function errorsOf(
  path: string,
  argv: readonly string[],
  input: InputDeclaration,
  context: RuleContext,
): readonly string[] {
  const { errors } = parseArguments({
    tool: context.tool.name,
    contract: { ...input, name: path },
    globals: context.globals,
    argv,
    env: {},
    cwd: '/',
  })
  return errors.map(error => error.message)
}
