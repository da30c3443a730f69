/** Tables of the docs against the contracts that they describe: nothing is missing, nothing is made up. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EXIT_CODES } from '../../framework/contract/exit-codes.js'
import { GLOBAL_FLAGS } from '../../framework/contract/global-flags.js'
import { Sandbox } from '../e2e/harness/sandbox.js'
import { tableColumn } from './markdown.js'

const read = (path: string): string => readFileSync(path, 'utf8')
const readme = read('README.md')
const contract = read('docs/contract.md')
const processes = read('docs/processes.md')
const schema = JSON.parse(read('schemas/command-contract.json'))

/** Cells that name several things, taken apart. */
const names = (cells: readonly string[]): string[] => cells.flatMap(cell => cell.split(', ')).sort()

test('README.md lists every command of the reference tool, and no other', async () => {
  const { envelope } = await Sandbox.create().call(['manifest'])
  const commands = Object.keys(envelope.data.commands).map(path => path.replaceAll('.', ' '))
  const listed = tableColumn(readme, 'command').map(cell => cell.replace(/ (?:--|<).*$/, ''))
  expect(listed.sort()).toEqual(commands.sort())
})

test('README.md lists the standard exit codes', () => {
  const rows = [...readme.matchAll(/^\| (\d+) \| `([A-Z_]+)` \|/gm)]
  expect(rows.map(([, code, name]) => [name, Number(code)])).toEqual(Object.entries(EXIT_CODES))
})

test.each([
  ['of a command', 'field', [...Object.keys(schema.properties), 'execute', 'validate']],
  ['of a flag', 'field of a flag', Object.keys(schema.definitions.FlagDocument.properties)],
  ['of a positional', 'field of a positional', Object.keys(schema.definitions.PositionalDocument.properties)],
  ['of an exit', 'field of an exit', Object.keys(schema.definitions.ExitCodeDocument.properties)],
  ['that are global', 'option', Object.keys(GLOBAL_FLAGS).map(name => `--${name}`)],
])('docs/contract.md lists the fields and options %s', (_, heading, declared) => {
  expect([...new Set(names(tableColumn(contract, heading)))]).toEqual([...declared].sort())
})

test('docs/processes.md lists every status and every outcome of a stop', async () => {
  const sandbox = Sandbox.create()
  const ps = await sandbox.call(['ps', '--output-schema'])
  const stop = await sandbox.call(['stop', '--output-schema'])
  const status = ps.envelope.data.properties.runs.items.properties.status.enum
  const outcome = stop.envelope.data.properties.stopped.items.properties.outcome.enum
  expect(tableColumn(processes, 'status').sort()).toEqual([...status].sort())
  expect(tableColumn(processes, 'outcome').sort()).toEqual([...outcome].sort())
})

test('docs/start.md lists every option of start', async () => {
  const { envelope } = await Sandbox.create().call(['start', '--schema'])
  const listed = read('docs/start.md')
    .split('\n')
    .filter(line => /^\| (?:`-t`, )?`--/.test(line))
    .flatMap(line => [...(line.split('|')[1] ?? '').matchAll(/--([a-z-]+)/g)].map(([, name]) => name))
  expect([...new Set(listed)].sort()).toEqual(Object.keys(envelope.data.flags).sort())
})
