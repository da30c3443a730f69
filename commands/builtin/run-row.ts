/** A run as one row of a list. */
import { externalText } from '../../framework/output/sanitize.js'
import type { RunView } from '../../framework/runs/status.js'

/** Characters of a command line in a row. */
const COMMAND_LENGTH = 120

export const RUN_ROW_SCHEMA = {
  type: 'object',
  properties: {
    run_id: { type: 'string' },
    short_id: { type: 'string' },
    status: { enum: ['pending', 'running', 'exited', 'failed', 'killed', 'unknown'] },
    pid: { type: ['integer', 'null'] },
    session_id: { type: ['string', 'null'] },
    name: { type: ['string', 'null'] },
    owner: { enum: ['alive', 'guard', 'lost', 'foreign', 'none'] },
    leftovers: { type: 'integer' },
    exit_code: { type: ['integer', 'null'] },
    signal: { type: ['string', 'null'] },
    created_at: { type: ['string', 'null'] },
    command: { type: 'string' },
  },
  required: ['run_id', 'short_id', 'status', 'pid', 'session_id', 'name', 'owner', 'leftovers', 'command'],
} as const

/** @param short_id the shortest prefix that names it */
export function runRow(view: RunView, short_id: string) {
  return {
    run_id: view.run_id,
    short_id,
    status: view.status,
    pid: view.main?.main.pid ?? null,
    session_id: view.intent?.session_id ?? null,
    name: view.intent?.name ?? null,
    owner: view.owner_state,
    leftovers: view.leftovers.length,
    exit_code: view.end?.exit_code ?? null,
    signal: view.end?.signal ?? null,
    created_at: view.intent?.created_at ?? null,
    command: externalText(view.intent?.argv.join(' ') ?? '', COMMAND_LENGTH),
  }
}

/** The shortest prefix of at least four digits that no other run shares. @param sorted the ids of all runs, sorted */
export function shortId(run_id: string, sorted: readonly string[]): string {
  const index = sorted.indexOf(run_id)
  let length = 4
  for (const neighbour of [sorted[index - 1], sorted[index + 1]]) {
    while (length < run_id.length && neighbour?.startsWith(run_id.slice(0, length))) length += 1
  }
  return run_id.slice(0, length)
}
