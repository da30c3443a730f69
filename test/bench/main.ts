/** Prints the table of what the framework costs, each row a ratio of medians of interleaved rounds. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backgroundRows } from './background-rows.js'
import { coldRows } from './cold-rows.js'
import { costRows } from './cost-rows.js'
import { historyRows } from './history-rows.js'
import { IdleShim } from './idle-shim.js'
import { runRows } from './run-rows.js'

/** One line of the table. */
export interface Row {
  readonly what: string
  readonly measured: string
  readonly budget: string
  /** Null where it could not be measured. */
  readonly within: boolean | null
}

const VERDICTS: Readonly<Record<string, string>> = { true: 'ok  ', false: 'OVER', null: '----' }

/** They make every Node slower before it runs anything, and so each ratio to one smaller. */
const SLOWING = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS']

const [asked = '20', only] = process.argv.slice(2)
const rounds = Number(asked)
const isAsked = (name: string) => !only || name.startsWith(only)
const directory = mkdtempSync(join(tmpdir(), 'chaperone-bench-'))
// It idles while all else is measured.
const idle = isAsked('idleRows') ? new IdleShim(directory) : null
try {
  const set = SLOWING.filter(name => process.env[name])
  const slowed = set.length > 0 ? `, each Node with ${set.join(' and ')}` : ''
  console.log(`Node ${process.version}, ${rounds} interleaved rounds, medians${slowed}\n`)
  const idleRows = () => idle?.rows() ?? []
  for (const rows of [coldRows, runRows, backgroundRows, historyRows, costRows, idleRows].filter(({ name }) =>
    isAsked(name),
  )) {
    for (const { what, measured, budget, within } of await rows(directory, rounds))
      console.log(`${VERDICTS[String(within)]} ${what.padEnd(58)} ${measured.padEnd(34)} ${budget}`)
  }
} finally {
  idle?.stop()
  rmSync(directory, { recursive: true, force: true })
}
