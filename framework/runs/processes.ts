/** What lives of a run that has not ended, looked at by somebody who only wants to know: nothing is written or signalled. */
import { commandLine } from '../process/table.js'
import type { Member } from '../process/tracking.js'
import { type Usage, usageOf } from '../process/usage.js'
import type { StateRoot } from '../store/state-root.js'
import { describeProcesses } from './end-record.js'
import { journaled } from './evidence.js'
import { recordedTracking } from './recorded-tracking.js'
import type { RunEnd } from './records.js'
import { type RunView, viewRun } from './status.js'

export interface RunProcess extends Usage {
  readonly pid: number
  readonly ppid: number
  /** As proc_pid_stat(5) has it: `R`, `S`, `D`, `T` and so on. */
  readonly state: string
  readonly cmd: string
}

/** The processes of a live run, the main one first; none of a run that has ended, or is on another machine. */
export function runProcesses(root: StateRoot, view: RunView): RunProcess[] {
  if (!view.intent || !view.main) return []
  return livingMembers(root, view)
    .flatMap(({ identity, ppid, state }) => {
      const usage = usageOf(identity)
      const cmd = (commandLine(identity.pid) ?? []).join(' ')
      return usage ? [{ pid: identity.pid, ppid, state, cmd, ...usage, began: identity.start_time }] : []
    })
    .sort((a, b) => a.began - b.began || a.pid - b.pid)
    .map(({ began: _, ...process }) => process)
}

/** As an end record names them, also where nobody knows the main process. @throws where the host cannot be asked */
export const describeAlive = (root: StateRoot, run_id: string): RunEnd['survivors'] =>
  describeProcesses(livingMembers(root, viewRun(root, run_id)))

function livingMembers(root: StateRoot, view: RunView): readonly Member[] {
  const { run_id, main, end, owner_state } = view
  if (end || owner_state === 'foreign' || owner_state === 'none') return []
  const journal = {
    read: () => [...journaled(root, run_id)],
    add: () => {},
    compact: () => {},
  }
  return recordedTracking(root, view, main?.main ?? null, journal).look().members
}
