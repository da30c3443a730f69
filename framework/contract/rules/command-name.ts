/** A command's name: well formed, no other command's, and no alias of a built-in. */
import { COMMAND_PATH_SPELLING, isCommandPath } from '../command-path.js'
import type { Rule } from '../violation.js'
import { aliasHolder } from './aliases.js'

export const commandName: Rule = function* (command, context) {
  const { name } = command
  if (name === null) return
  if (!isCommandPath(name)) {
    yield {
      code: 'NAME_MALFORMED',
      place: 'name',
      message: `${JSON.stringify(name)} is no command path.`,
      fix: `Use ${COMMAND_PATH_SPELLING}.`,
    }
  }
  const rivals = context.subjects.filter(other => other.name === name && other.builtin === command.builtin)
  if (rivals[0] !== command) {
    yield {
      code: 'NAME_TAKEN',
      place: 'name',
      message: `An earlier command is called '${name}' too.`,
      fix: 'Give one of the two another name.',
    }
  }
  // A built-in's alias was there before: the author's command is the one to change.
  const holder = command.builtin ? undefined : aliasHolder(name, context, other => other.builtin)
  if (holder !== undefined) {
    yield {
      code: 'NAME_SHADOWS_ALIAS',
      place: 'name',
      message: `'${name}' is an alias of the built-in command '${holder.label}'.`,
      fix: 'Give the command another name.',
    }
  }
}
