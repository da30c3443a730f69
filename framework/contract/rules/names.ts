/** A command's name and its aliases: well formed, and one command's alone. */
import { stringItems } from '../plain-data.js'
import type { Finding, Rule, RuleContext, Subject } from '../violation.js'

const WORD = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
const MAX_PATH = 100

/** Kebab-case words with single spaces: what can be typed without quotes and becomes a file name when compiled. */
export function isCommandPath(text: string): boolean {
  return text.length <= MAX_PATH && text.split(' ').every(word => WORD.test(word))
}

const SPELLING = `lower-case words of letters, digits and single hyphens, separated by single spaces, at most ${MAX_PATH} characters, such as 'deploy rollback'`

export const names: Rule = function* (command, context) {
  const { name } = command
  if (name !== null) {
    if (!isCommandPath(name)) {
      yield finding(
        'NAME_MALFORMED',
        'name',
        `${JSON.stringify(name)} is no command path.`,
        `Use ${SPELLING}.`,
      )
    }
    yield* nameTaken(command, name, context)
    if (command.route !== null && command.route !== name) {
      yield finding(
        'ROUTE_NAME_MISMATCH',
        'name',
        `The route table has it under '${command.route}', the command calls itself '${name}'.`,
        'Give the route table the name of the command as its key.',
      )
    }
  }
  for (const [index, alias] of stringItems(command.data['aliases'])) {
    yield* aliasFindings(command, alias, `aliases.${index}`, context)
  }
}

function* nameTaken(command: Subject, name: string, context: RuleContext): Iterable<Finding> {
  const rivals = context.subjects.filter(other => other.name === name && other.builtin === command.builtin)
  if (rivals[0] !== command) {
    yield finding(
      'NAME_TAKEN',
      'name',
      `An earlier command is called '${name}' too.`,
      'Give one of the two another name.',
    )
  }
  // A built-in's alias was there before: the author's command is the one to change.
  const holder = command.builtin ? undefined : aliasHolder(name, context, other => other.builtin)
  if (holder !== undefined) {
    yield finding(
      'NAME_SHADOWS_ALIAS',
      'name',
      `'${name}' is an alias of the built-in command '${holder.label}'.`,
      'Give the command another name.',
    )
  }
}

function* aliasFindings(
  command: Subject,
  alias: string,
  place: string,
  context: RuleContext,
): Iterable<Finding> {
  const remove = 'Choose another alias, or leave it out.'
  if (!isCommandPath(alias)) {
    yield finding(
      'ALIAS_MALFORMED',
      place,
      `${JSON.stringify(alias)} is no command path.`,
      `Use ${SPELLING}.`,
    )
  }
  const named = context.by_name.get(alias)
  if (named === command) {
    yield finding('ALIAS_TAKEN', place, 'It is the name of the command itself.', 'Leave it out.')
  } else if (named !== undefined && !(command.builtin && !named.builtin)) {
    yield finding('ALIAS_TAKEN', place, `'${alias}' is the name of another command.`, remove)
  }
  const holder = aliasHolder(alias, context, () => true)
  if (holder !== undefined && holder !== command) {
    yield finding('ALIAS_TAKEN', place, `'${alias}' is an alias of '${holder.label}' already.`, remove)
  }
}

/** The command that has an alias first; built-ins come before an author's commands. */
function aliasHolder(
  alias: string,
  context: RuleContext,
  among: (command: Subject) => boolean,
): Subject | undefined {
  const holders = context.subjects.filter(
    other => among(other) && stringItems(other.data['aliases']).some(([, text]) => text === alias),
  )
  return holders.find(holder => holder.builtin) ?? holders[0]
}

function finding(code: string, place: string, message: string, fix: string): Finding {
  return { code, place, message, fix }
}
