/** The short names of flags: one character, one flag's alone, none of the global ones. */
import { objectMembers } from '../plain-data.js'
import type { Rule } from '../violation.js'

export const flagShorts: Rule = function* (command, context) {
  const taken = new Map<string, string>()
  for (const [name, flag] of objectMembers(command.data['flags'])) {
    const { short } = flag
    const place = `flags.${name}.short`
    if (typeof short !== 'string') continue
    const global = Object.entries(context.globals).find(([, declaration]) => declaration.short === short)
    const rival = taken.get(short)
    if (!/^[A-Za-z0-9]$/.test(short)) {
      yield {
        code: 'FLAG_SHORT_MALFORMED',
        place,
        message: `${JSON.stringify(short)} is no short name.`,
        fix: 'Use one letter or digit, without the dash.',
      }
    } else if (global !== undefined) {
      yield {
        code: 'FLAG_SHORT_RESERVED',
        place,
        message: `-${short} is the global option --${global[0]}.`,
        fix: 'Choose another character, or leave `short` out.',
      }
    } else if (rival !== undefined) {
      yield {
        code: 'FLAG_SHORT_DUPLICATE',
        place,
        message: `-${short} is --${rival} already.`,
        fix: 'Choose another character, or leave `short` out.',
      }
    }
    if (rival === undefined) taken.set(short, name)
  }
}
