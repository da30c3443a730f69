/** The numbers of exits: standard names have theirs, own names one each from the own range (REQ-F-001). */
import { EXIT_CODES, isStandardExitName, OWN_EXIT_CODES } from '../exit-codes.js'
import { objectMembers, type Plain } from '../plain-data.js'
import type { Finding, Rule } from '../violation.js'
import { isOwnExitName } from './exit-names.js'

const OWN_RANGE = `${OWN_EXIT_CODES.first} to ${OWN_EXIT_CODES.last}`

export const exitNumbers: Rule = function* (command) {
  const names_by_number = new Map<number, string>()
  for (const [name, { code: number }] of objectMembers(command.data['exit_codes'])) {
    const place = `exit_codes.${name}.code`
    if (isStandardExitName(name)) {
      if (number === undefined || number === EXIT_CODES[name]) continue
      yield {
        code: 'EXIT_CODE_FIXED',
        place,
        message: `${name} is ${EXIT_CODES[name]} in every tool.`,
        fix: `Leave \`code\` out, or choose an own name with a number from ${OWN_RANGE}.`,
      }
      continue
    }
    if (isOwnExitName(name)) yield* ownNumber(name, number, place)
    if (typeof number !== 'number') continue
    const first = names_by_number.get(number)
    if (first === undefined) names_by_number.set(number, name)
    else {
      yield {
        code: 'EXIT_CODE_DUPLICATE',
        place,
        message: `${first} has the number ${number} already.`,
        fix: `Give each own exit its own number, ${OWN_RANGE}.`,
      }
    }
  }
}

function* ownNumber(name: string, number: Plain | undefined, place: string): Iterable<Finding> {
  if (number === undefined) {
    yield {
      code: 'EXIT_CODE_MISSING',
      place,
      message: `${name} is no standard name and has no number.`,
      fix: `Give it \`code\`, a number from ${OWN_RANGE}, or use one of ${Object.keys(EXIT_CODES).join(', ')}.`,
    }
  } else if (!isOwnNumber(number)) {
    yield {
      code: 'EXIT_CODE_OUT_OF_RANGE',
      place,
      message: `${JSON.stringify(number)} is no number that a command may have for itself.`,
      fix: standardNameOf(number) ?? `Use a whole number from ${OWN_RANGE}.`,
    }
  }
}

function isOwnNumber(number: Plain): boolean {
  return (
    typeof number === 'number' &&
    Number.isInteger(number) &&
    number >= OWN_EXIT_CODES.first &&
    number <= OWN_EXIT_CODES.last
  )
}

function standardNameOf(number: Plain): string | null {
  const name = Object.entries(EXIT_CODES).find(([, standard]) => standard === number)?.[0]
  return name === undefined ? null : `Key the entry by ${name}, the standard name of ${String(number)}.`
}
