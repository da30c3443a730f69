/** A code that the docs do not name is a code that nobody can look up; one that only the docs name misleads. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tableColumn } from './markdown.js'
import { codesIn, sourcesBelow } from './source-codes.js'

const contract = readFileSync('docs/contract.md', 'utf8')
const answers = readFileSync('docs/answers.md', 'utf8')

/** Where violations are made outside the rules: the shape of contracts, and their loading. */
const VIOLATIONS_ELSEWHERE = [
  'framework/contract/schema-findings.ts',
  'framework/contract/subject.ts',
  'framework/invocation/development-source.ts',
  'framework/invocation/source.ts',
]

const violations = codesIn(
  [...sourcesBelow('framework/contract/rules'), ...VIOLATIONS_ELSEWHERE],
  // Made of two parts in the source; PARTIAL_FAILURE and ARG_ERROR are exits that stay what they are.
  ['EXIT_ARG_ERROR_FIXED', 'EXIT_PARTIAL_FAILURE_FIXED'],
)

test('docs/contract.md names exactly the violations that registration can report', () => {
  const documented = [...tableColumn(contract, 'violation'), ...tableColumn(contract, 'warning')]
  expect(documented.sort()).toEqual(violations)
})

test('docs/answers.md names exactly the codes that the framework and its commands can answer with', () => {
  const documented = [
    ...tableColumn(answers, 'error code'),
    ...tableColumn(answers, 'warning code'),
    ...tableColumn(answers, 'record code'),
  ]
  const rooms = ['argv', 'invocation', 'process', 'runs', 'runtimes', 'shim', 'store']
  const files = [
    ...rooms.flatMap(room => sourcesBelow(`framework/${room}`)),
    ...sourcesBelow('commands/builtin'),
    'framework/contract/write-compiled.ts',
  ]
  // Exits that are error codes as well.
  const made = codesIn(files, ['ARG_ERROR', 'TIMEOUT'])
  // Some sources report violations, too; a few of these are codes of answers as well.
  const answered = made.filter(code => !violations.includes(code) || documented.includes(code))
  expect([...new Set(documented)].sort()).toEqual(answered)
})

test('no code is listed twice', () => {
  for (const page of [contract, answers]) {
    const listed = ['violation', 'warning', 'error code', 'warning code', 'record code'].flatMap(heading =>
      tableColumn(page, heading),
    )
    expect(listed.filter((code, index) => listed.indexOf(code) !== index)).toEqual([])
  }
})
