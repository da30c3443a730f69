/** The words of a command line, read as the positionals that the contract declares. */
import type { PositionalDeclaration } from '../contract/declaration.js'
import { type Findings, misfitFault } from './faults.js'
import { quoted } from './quoted.js'
import type { ArgumentContract } from './request.js'
import type { Word } from './scan.js'
import { readValue, type ValueShape } from './values.js'

/**
 * Reads all words. A variadic positional takes all that remain, as a list, empty where there are none.
 * @param cwd absolute
 * @returns values by name; a positional that is not given, or at fault, has no key
 */
export function readPositionals(
  contract: ArgumentContract,
  words: readonly Word[],
  cwd: string,
  findings: Findings,
): Map<string, unknown> {
  const values = new Map<string, unknown>()
  let next = 0
  for (const positional of contract.positionals ?? []) {
    const mine = positional.variadic === true ? words.slice(next) : words.slice(next, next + 1)
    next += mine.length
    if (mine.length === 0 && positional.required === true)
      findings.faults.push({
        field: positional.name,
        param: positional.name,
        code: 'ARG_ERROR',
        message: `<${positional.name}> is required (${positional.description})`,
      })
    const read = mine.map(word => readWord(positional, word, contract, cwd, findings))
    if (read.includes(undefined)) continue
    if (positional.variadic === true) values.set(positional.name, read)
    else if (read.length === 1) values.set(positional.name, read[0])
  }
  refuseSurplus(contract, words.slice(next), findings)
  return values
}

function readWord(
  positional: PositionalDeclaration,
  word: Word,
  contract: ArgumentContract,
  cwd: string,
  findings: Findings,
): unknown {
  const shape: ValueShape = {
    type: positional.type,
    ...(positional.enum_values === undefined ? {} : { enum_values: positional.enum_values }),
    verbatim: contract.option_placement === 'strict' && positional.variadic === true,
  }
  const reading = readValue(word.text, shape, cwd)
  if (reading.fits) return reading.value
  const place = { field: positional.name, param: positional.name, subject: `<${positional.name}>` }
  findings.faults.push(misfitFault(place, word.text, reading))
  if (reading.instead !== undefined)
    findings.repairs.push({ index: word.index, size: 1, instead: [reading.instead] })
  return undefined
}

function refuseSurplus(
  { name, positionals = [] }: ArgumentContract,
  surplus: readonly Word[],
  { faults }: Findings,
): void {
  const [first, ...others] = surplus
  if (first === undefined) return
  const places = positionals.map(positional => `<${positional.name}>`).join(' ')
  const subject = name === '' ? 'the tool' : `'${name}'`
  const what =
    others.length === 0
      ? `${quoted(first.text)} is one word too many`
      : `${quoted(first.text)} and ${others.length} more are too many words`
  faults.push({
    field: 'positionals',
    param: 'positionals',
    code: 'ARG_ERROR',
    message: `${what}: ${subject} takes ${places === '' ? 'none' : places}`,
    value: first.text,
  })
}
