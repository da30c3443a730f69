/** The exit codes that a command declares: numbers, names and what each may promise (REQ-F-001, REQ-C-001). */
import { EXIT_CODES, INHERITED_EXIT_CODES, isStandardExitName, OWN_EXIT_CODES } from '../exit-codes.js'
import { isPlainObject, objectMembers, type PlainObject, stringItems } from '../plain-data.js'
import type { Finding, Rule } from '../violation.js'

const NAME = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/
const ERROR_CODE = /^[A-Z][A-Z0-9_]+$/
const MAX_DESCRIPTION = 120
const OWN_RANGE = `${OWN_EXIT_CODES.first} to ${OWN_EXIT_CODES.last}`

export const exitCodes: Rule = function* (command) {
  const declared = command.data['exit_codes']
  if (!isPlainObject(declared)) return
  if (!Object.hasOwn(declared, 'SUCCESS')) {
    yield {
      code: 'EXIT_SUCCESS_MISSING',
      place: 'exit_codes.SUCCESS',
      message: 'Exit code 0 is not declared.',
      fix: "Add SUCCESS: { description: '…', retryable: false, side_effects: 'complete' }, or 'none' for a command that only reads.",
    }
  }
  const names_by_number = new Map<number, string>()
  for (const [name, entry] of objectMembers(declared)) {
    const place = `exit_codes.${name}`
    yield* nameAndNumber(name, entry, place)
    yield* promises(name, entry, place)
    yield* texts(entry, place)
    const number = entry['code']
    if (isStandardExitName(name) || typeof number !== 'number') continue
    const first = names_by_number.get(number)
    if (first === undefined) names_by_number.set(number, name)
    else {
      yield {
        code: 'EXIT_CODE_DUPLICATE',
        place: `${place}.code`,
        message: `${first} has the number ${number} already.`,
        fix: `Give each own exit its own number, ${OWN_RANGE}.`,
      }
    }
  }
}

function* nameAndNumber(name: string, entry: PlainObject, place: string): Iterable<Finding> {
  const number = entry['code']
  if (!NAME.test(name)) {
    yield {
      code: 'EXIT_NAME_MALFORMED',
      place,
      message: `${JSON.stringify(name)} is no exit name.`,
      fix: 'Key the entry by a name in UPPER_SNAKE, such as NOT_FOUND; its number follows from it or stands in `code`.',
    }
    return
  }
  if (isStandardExitName(name)) {
    if (number !== undefined && number !== EXIT_CODES[name]) {
      yield {
        code: 'EXIT_CODE_FIXED',
        place: `${place}.code`,
        message: `${name} is ${EXIT_CODES[name]} in every tool.`,
        fix: `Leave \`code\` out, or choose an own name with a number from ${OWN_RANGE}.`,
      }
    }
    return
  }
  if (Object.hasOwn(INHERITED_EXIT_CODES, name)) {
    yield {
      code: 'EXIT_NAME_RESERVED',
      place,
      message: `${name} belongs to the framework's signal handlers.`,
      fix: 'Leave it out: every command has it.',
    }
  } else if (number === undefined) {
    yield {
      code: 'EXIT_CODE_MISSING',
      place: `${place}.code`,
      message: `${name} is no standard name and has no number.`,
      fix: `Give it \`code\`, a number from ${OWN_RANGE}, or use one of ${Object.keys(EXIT_CODES).join(', ')}.`,
    }
  } else if (!isOwnNumber(number)) {
    yield {
      code: 'EXIT_CODE_OUT_OF_RANGE',
      place: `${place}.code`,
      message: `${JSON.stringify(number)} is no number that a command may have for itself.`,
      fix: standardNameOf(number) ?? `Use a whole number from ${OWN_RANGE}.`,
    }
  }
}

function* promises(name: string, entry: PlainObject, place: string): Iterable<Finding> {
  const { retryable, side_effects } = entry
  const bad = (code: string, part: string, message: string, fix: string): Finding => ({
    code,
    place: `${place}.${part}`,
    message,
    fix,
  })
  if (name === 'SUCCESS') {
    if (retryable === true)
      yield bad(
        'EXIT_SUCCESS_RETRYABLE',
        'retryable',
        'A success needs no retry.',
        'Make it `retryable: false`.',
      )
    if (side_effects === 'partial') {
      yield bad(
        'EXIT_SUCCESS_PARTIAL',
        'side_effects',
        'A success leaves nothing half-done.',
        "Use 'complete', or 'none' for a command that only reads.",
      )
    }
    return
  }
  if (side_effects === 'complete') {
    yield bad(
      'EXIT_COMPLETE_WITHOUT_SUCCESS',
      'side_effects',
      "Only SUCCESS can be 'complete'.",
      "Use 'none' or 'partial'.",
    )
  } else if (retryable === true && side_effects !== undefined && side_effects !== 'none') {
    yield bad(
      'EXIT_RETRYABLE_WITH_SIDE_EFFECTS',
      'retryable',
      'A call that may have changed something is not repeated blindly.',
      "Make it `retryable: false`, or `side_effects: 'none'` where nothing is written before it.",
    )
  }
  if (name === 'ARG_ERROR' && side_effects === 'partial') {
    yield bad(
      'EXIT_ARG_ERROR_FIXED',
      'side_effects',
      'ARG_ERROR means that nothing was done (REQ-F-002).',
      "Use 'none'; what fails after the start has another exit.",
    )
  }
  if ((name === 'ARG_ERROR' || name === 'PARTIAL_FAILURE') && retryable === true) {
    yield bad(
      `EXIT_${name}_FIXED`,
      'retryable',
      `${name} is never retryable as it stands.`,
      'Make it `retryable: false`.',
    )
  }
}

function* texts(entry: PlainObject, place: string): Iterable<Finding> {
  const description = entry['description']
  if (typeof description === 'string') {
    const length = [...description].length
    if (description.trim() === '' || length > MAX_DESCRIPTION) {
      yield {
        code: 'EXIT_DESCRIPTION_LENGTH',
        place: `${place}.description`,
        message: length > MAX_DESCRIPTION ? `It has ${length} characters.` : 'It is empty.',
        fix: `Say in one sentence of at most ${MAX_DESCRIPTION} characters when this exit happens.`,
      }
    }
  }
  const seen = new Set<string>()
  for (const [index, error_code] of stringItems(entry['error_codes'])) {
    if (ERROR_CODE.test(error_code) && !seen.has(error_code)) seen.add(error_code)
    else {
      yield {
        code: 'EXIT_ERROR_CODE_INVALID',
        place: `${place}.error_codes.${index}`,
        message: `${JSON.stringify(error_code)} ${seen.has(error_code) ? 'is listed twice' : 'is no error code'}.`,
        fix: 'List each code once, in UPPER_SNAKE, such as FILE_NOT_FOUND.',
      }
    }
  }
}

function isOwnNumber(number: unknown): boolean {
  return (
    typeof number === 'number' &&
    Number.isInteger(number) &&
    number >= OWN_EXIT_CODES.first &&
    number <= OWN_EXIT_CODES.last
  )
}

function standardNameOf(number: unknown): string | null {
  const name = Object.entries(EXIT_CODES).find(([, standard]) => standard === number)?.[0]
  return name === undefined ? null : `Key the entry by ${name}, the standard name of ${String(number)}.`
}
