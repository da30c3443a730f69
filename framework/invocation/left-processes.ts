/**
 * What still lives of tracked children when the call ends: another user's processes, ones that the kernel holds, and
 * daemons that only their environment ties to a run, which may be shared and are never killed (design §6.4). The answer
 * names them, for it says of all others that they have ended.
 */
import type { WarningDetail } from '../../schemas/generated/types.js'
import { externalText } from '../output/sanitize.js'
import { look } from '../process/liveness.js'
import type { RunEnd } from '../runs/records.js'
import type { CallFacts } from './call-facts.js'
import { runnableCleanupCommand } from './new-intent.js'

/** Characters of a command line in a warning. */
const COMMAND_LENGTH = 120

/** @returns one warning for each run of which something is alive now */
export function leftProcesses(facts: CallFacts, ends: readonly RunEnd[]): WarningDetail[] {
  return ends.flatMap(({ run_id, survivors, leftovers }) => {
    const alive = [...survivors, ...leftovers].filter(({ identity }) => look(identity) === 'alive')
    if (alive.length === 0) return []
    const processes = alive.map(({ identity, cmd }) => ({
      pid: identity.pid,
      cmd: externalText(cmd, COMMAND_LENGTH),
    }))
    const named = processes.map(({ pid, cmd }) => `${pid} (${cmd})`).join(', ')
    return [
      {
        code: 'PROCESSES_LEFT',
        message: `a child of this call left behind what was not ended: ${named}`,
        context: { run_id, processes, cleanup_command: runnableCleanupCommand(facts, 'stop', run_id) },
      },
    ]
  })
}
