/** The end of what a handler started behind the framework's back. */
import type { ChildProcess } from 'node:child_process'
import type { WarningDetail } from '../../schemas/generated/types.js'
import { endTree } from '../process/end-tree.js'
import { identify, type ProcessIdentity } from '../process/identity.js'
import { DescendantTracking } from './descendant-tracking.js'

/** TERM to KILL, in milliseconds: as long as tracked children get. */
const GRACE_MS = 2_000

/**
 * Ends those that are alive, with their descendants.
 * @param run_marker the variable that marks the processes of a run; these have owners of their own
 * @param force KILL at once instead of the rest of the grace
 * @returns one warning for each that was found alive
 */
export async function endUndeclared(
  children: readonly ChildProcess[],
  run_marker: string,
  force: AbortSignal,
): Promise<WarningDetail[]> {
  const alive = children.map(living).filter(child => child !== null)
  if (alive.length === 0) return []
  const roots = alive.map(({ identity }) => identity)
  const tracking = new DescendantTracking(roots, run_marker)
  const { survivors } = await endTree({ tracking, grace_ms: GRACE_MS, force })
  const surviving = new Set(survivors.map(({ identity }) => identity.pid))
  return alive.map(({ child, identity }) => warning(child, identity.pid, !surviving.has(identity.pid)))
}

/** Node reaps a child in the same breath in which it tells its end: as long as it told none, the pid is the child's. */
function living(child: ChildProcess): { child: ChildProcess; identity: ProcessIdentity } | null {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return null
  const identity = identify(child.pid)
  return identity ? { child, identity } : null
}

const warning = (child: ChildProcess, pid: number, ended: boolean): WarningDetail => ({
  code: 'UNDECLARED_BACKGROUND_PROCESS',
  message: `the command started process ${pid} (${child.spawnfile}) without declaring it${ended ? '; it was ended' : ', and it could not be ended'}`,
  context: { pid, program: child.spawnfile, ended },
})
