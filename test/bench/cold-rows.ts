/** What a call costs that starts nothing. */
import { join } from 'node:path'
import type { Row } from './main.js'
import { bareNode, eachRound, interleave, median, timed } from './rounds.js'
import { manyCommands } from './tools.js'

const COMMANDS = 200

export async function coldRows(directory: string, rounds: number): Promise<Row[]> {
  const entry = manyCommands(join(directory, 'many'), COMMANDS)
  const measured = await interleave(
    [
      bareNode,
      { name: 'command', run: () => timed([process.execPath, entry, 'command-77', '--text', 'hello']) },
      { name: 'manifest', run: () => timed([process.execPath, entry, 'manifest']) },
    ],
    rounds,
  )
  const node = median(measured.get(bareNode.name))
  // On Node 20 the ratio binds, on others the difference: their bare start is another one.
  const row = (what: string, name: string, ratio: number, more_ms: number): Row => {
    const times = eachRound(measured, ms => ms(name) / ms(bareNode.name))
    const more = eachRound(measured, ms => ms(name) - ms(bareNode.name))
    return {
      what,
      measured: `${times.toFixed(2)} x node (+${more.toFixed(1)} ms of ${node.toFixed(1)})`,
      budget: process.version.startsWith('v20.') ? `${ratio} x node` : `+${more_ms} ms`,
      within: process.version.startsWith('v20.') ? times <= ratio : more <= more_ms,
    }
  }
  return [
    row(`cold start of a command in a compiled tool of ${COMMANDS}`, 'command', 1.25, 12),
    row(`manifest of ${COMMANDS} commands`, 'manifest', 1.35, 18),
  ]
}
