/** A command's aliases: well formed, and one command's alone. */
import { COMMAND_PATH_SPELLING, isCommandPath } from '../command-path.js'
import { stringItems } from '../plain-data.js'
import type { Finding, Rule, RuleContext, Subject } from '../violation.js'

export const aliases: Rule = function* (command, context) {
  for (const [index, alias] of stringItems(command.data['aliases'])) {
    const place = `aliases.${index}`
    if (!isCommandPath(alias)) {
      yield {
        code: 'ALIAS_MALFORMED',
        place,
        message: `${JSON.stringify(alias)} is no command path.`,
        fix: `Use ${COMMAND_PATH_SPELLING}.`,
      }
    }
    yield* taken(command, alias, place, context)
  }
}

function* taken(command: Subject, alias: string, place: string, context: RuleContext): Iterable<Finding> {
  const finding = (message: string, fix: string): Finding => ({ code: 'ALIAS_TAKEN', place, message, fix })
  const another = 'Choose another alias, or leave it out.'
  const named = context.by_name.get(alias)
  if (named === command) {
    yield finding('It is the name of the command itself.', 'Leave it out.')
  } else if (named !== undefined && !(command.builtin && !named.builtin)) {
    yield finding(`'${alias}' is the name of another command.`, another)
  }
  const holder = aliasHolder(alias, context, () => true)
  if (holder !== undefined && holder !== command) {
    yield finding(`'${alias}' is an alias of '${holder.label}' already.`, another)
  }
}

/** The command that has an alias first; built-ins come before an author's commands. */
export function aliasHolder(
  alias: string,
  context: RuleContext,
  among: (command: Subject) => boolean,
): Subject | undefined {
  const holders = context.subjects.filter(
    other => among(other) && stringItems(other.data['aliases']).some(([, text]) => text === alias),
  )
  return holders.find(holder => holder.builtin) ?? holders[0]
}
