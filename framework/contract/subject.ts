/** One command as it was handed in, turned into what the rules can read, with what is wrong with its shape. */
import { below, isPlainObject, takePlainData } from './plain-data.js'
import { schemaFindings } from './schema-findings.js'
import type { Finding, Subject } from './violation.js'

/** A command before anything is known of it. */
export interface Candidate {
  /** The command object, or what stands in its place. */
  readonly contract: unknown
  readonly builtin: boolean
  readonly has_execute: boolean
  /** The key of the route table that it came from. */
  readonly route?: string
}

export interface ReadSubject {
  readonly subject: Subject
  /** What is wrong with its shape; one finding a place. */
  readonly shape: readonly Finding[]
}

/** Reads from anything what a check of it needs; never throws. */
export function candidateOf(command: unknown, builtin: boolean, route?: string): Candidate {
  const candidate = { contract: command, builtin, has_execute: hasExecute(command) }
  return route === undefined ? candidate : { ...candidate, route }
}

/** @param index counted from 0, for a command that has no usable name */
export function readSubject(candidate: Candidate, index: number): ReadSubject {
  const { builtin, has_execute, route = null } = candidate
  const { data, faults } = takePlainData(candidate.contract, ['execute', 'validate'])
  const label = route ?? `#${index + 1}`
  if (!isPlainObject(data)) {
    return {
      subject: { label, name: null, builtin, has_execute, route, data: {} },
      shape: [
        {
          code: 'COMMAND_NOT_AN_OBJECT',
          place: '',
          message: `It is no command${faults[0] === undefined ? '' : `: ${faults[0].message}`}.`,
          fix: 'Pass what `defineCommand({ … })` returned; of a module, its default export.',
        },
      ],
    }
  }
  const name = data['name']
  const unreadable = faults.map(
    (fault): Finding => ({
      code: 'FIELD_NOT_DATA',
      place: fault.place,
      message: `\`${fault.place}\` cannot stand in a contract: ${fault.message}.`,
      fix: 'Write plain data: text, numbers, true, false, lists and objects.',
    }),
  )
  // The functions have a rule of their own: the schema knows none.
  const { validate: _validate, execute: _execute, ...contract } = data
  return {
    subject: {
      label: typeof name === 'string' && name.trim() !== '' ? name : label,
      name: typeof name === 'string' ? name : null,
      builtin,
      has_execute,
      route,
      data,
    },
    shape: merge(unreadable, schemaFindings(contract)),
  }
}

/** Both lists, but for what the second has to say about places at or in which the first found something. */
export function merge(first: readonly Finding[], second: readonly Finding[]): Finding[] {
  const said = (place: string): boolean =>
    first.some(finding => finding.place === place || finding.place.startsWith(below(place, '')))
  return [...first, ...second.filter(({ place }) => !said(place))]
}

function hasExecute(command: unknown): boolean {
  try {
    return (
      typeof command === 'object' && command !== null && typeof Reflect.get(command, 'execute') === 'function'
    )
  } catch {
    return false
  }
}
