/** What a call costs that starts nothing. */
import { join } from 'node:path'
import type { Row } from './main.js'
import { bareNode, interleave, median, timed } from './rounds.js'
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
  const row = (what: string, ms: number, ratio: number, more_ms: number): Row => ({
    what,
    measured: `${(ms / node).toFixed(2)} x node (+${(ms - node).toFixed(1)} ms of ${node.toFixed(1)})`,
    budget: process.version.startsWith('v20.') ? `${ratio} x node` : `+${more_ms} ms`,
    within: process.version.startsWith('v20.') ? ms <= ratio * node : ms - node <= more_ms,
  })
  return [
    row(
      `cold start of a command in a compiled tool of ${COMMANDS}`,
      median(measured.get('command')),
      1.25,
      12,
    ),
    row(`manifest of ${COMMANDS} commands`, median(measured.get('manifest')), 1.35, 18),
  ]
}
