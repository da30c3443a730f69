/** A route table has each command under the command's own name. */
import type { Rule } from '../violation.js'

export const routeName: Rule = function* ({ name, route }) {
  if (name === null || route === null || route === name) return
  yield {
    code: 'ROUTE_NAME_MISMATCH',
    place: 'name',
    message: `The route table has it under '${route}', the command calls itself '${name}'.`,
    fix: 'Give the route table the name of the command as its key.',
  }
}
