/** The report of a program that ran in the foreground, made from its run's end: nothing in it is a guess. */
import type { BackgroundProcess, RunReport } from '../../schemas/generated/types.js'
import { externalText } from '../output/sanitize.js'
import { sameProcess } from '../process/identity.js'
import { startedAt } from '../process/started-at.js'
import type { Aftermath } from '../runs/await-descendants.js'
import { nestedRuns } from '../runs/nested.js'
import { logPath, type RunEnd, type RunIntent, readOwner } from '../runs/records.js'
import type { StateRoot } from '../store/state-root.js'

/** Characters of a command line in a report. */
const COMMAND_LENGTH = 256

export interface ReportParts {
  readonly root: StateRoot
  readonly intent: RunIntent
  readonly mode: RunReport['mode']
  readonly end: RunEnd
  /** Null where the program did not start. */
  readonly main_pid: number | null
  readonly aftermath: Aftermath | null
  readonly tracking: RunReport['tracking']
  /** A command line that ends the runs, as it stands in the caller's shell. */
  cleanupCommand(run_ids: readonly string[]): string
}

export function runReport({
  root,
  intent,
  mode,
  end,
  main_pid,
  aftermath,
  tracking,
  ...parts
}: ReportParts): RunReport {
  const { run_id } = intent
  const own = ownProcesses(end, aftermath)
  const nested = main_pid === null ? [] : nestedRuns(root, run_id)
  const is_left = own.some(({ status }) => status === 'still-running')
  const running = [...(is_left ? [run_id] : []), ...nested.map(one => one.run_id)]
  return {
    run_id,
    session_id: intent.session_id,
    mode,
    command: intent.argv,
    main_pid,
    exit_code: end.exit_code,
    signal: end.signal,
    exit_reason: end.exit_reason,
    stop_cause: end.stop_cause,
    ended_by: main_pid === null ? null : endedBy(mode, end, aftermath),
    waited_ms: aftermath?.waited_ms ?? sinceExit(end),
    tracking,
    background_processes: [
      ...own,
      ...nested.map(one => ({ ...described(one.main, 'still-running'), ppid: null, run_id: one.run_id })),
    ],
    descendants_killed: end.descendants_killed,
    ...(running.length > 0 ? { cleanup_command: parts.cleanupCommand(running) } : {}),
    log_path: intent.limits.log_max_bytes > 0 ? logPath(root, run_id) : null,
    timeline: {
      created_at: intent.created_at,
      started_at: end.started_at,
      main_exited_at: end.main_exited_at,
      ended_at: end.ended_at,
    },
  }
}

/** What no owner came to claim was not tracked, and so not completely. */
export function trackingOnRecord(root: StateRoot, run_id: string): RunReport['tracking'] {
  const owner = readOwner(root, run_id)
  return (owner.state === 'ok' && owner.record.tracking) || { method: 'snapshot', complete: false }
}

function endedBy(mode: RunReport['mode'], end: RunEnd, aftermath: Aftermath | null): RunReport['ended_by'] {
  if (end.stop_cause !== null) return 'stopped'
  if (aftermath === null || !aftermath.found_any) return 'main_exit'
  if (aftermath.remaining.length === 0) return 'drained'
  return mode === 'strict-run' ? 'grace_expired' : 'linger_expired'
}

/** What was there at the end of the tracking; of a run that somebody ended only what lives on all the same. */
function ownProcesses(end: RunEnd, aftermath: Aftermath | null): BackgroundProcess[] {
  const alive = [...end.survivors, ...end.leftovers]
  const ended =
    end.stop_cause === null && aftermath
      ? aftermath.remaining.filter(one => !alive.some(other => sameProcess(one.identity, other.identity)))
      : []
  return [
    ...alive.map(one => described(one, 'still-running')),
    ...ended.map(one => described(one, 'terminated')),
  ]
}

const described = (
  { identity, ppid, cmd }: RunEnd['leftovers'][number],
  status: BackgroundProcess['status'],
): BackgroundProcess => ({
  pid: identity.pid,
  ppid,
  cmd: externalText(cmd, COMMAND_LENGTH),
  status,
  started_at: startedAt(identity),
})

const sinceExit = ({ main_exited_at, ended_at }: RunEnd): number =>
  main_exited_at === null ? 0 : Math.max(0, Date.parse(ended_at) - Date.parse(main_exited_at))
