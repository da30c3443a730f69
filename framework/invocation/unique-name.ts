/** Starting under a unique name: the run that has it already is joined, refused, or waited for until it is settled. */
import { monotonicMs, pause } from '../process/clock.js'
import { holdersOf, type UniqueName } from '../runs/name-claim.js'
import { isAnswered, type RunIntent } from '../runs/records.js'
import type { RunView } from '../runs/status.js'
import type { StateRoot } from '../store/state-root.js'
import { FrameworkExit } from './framework-exit.js'
import { runningRun } from './running-run.js'

const POLL_MS = 25

/** What is to run under the name. */
export interface NamedProgram extends UniqueName {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly runtime: string
}

/**
 * Looks who has a name, and waits where that is not settled: a run that is being started may be withdrawn by its
 * starter, and one that is being stopped gives the name free.
 * @param timeout_ms how long to wait for that
 * @returns the run that has it and is what is wanted, its start answered; null where nobody has it
 * @throws FrameworkExit `ALREADY_EXISTS` (exit 6) where another program has it, or nobody would settle it;
 *   `READY_TIMEOUT` (exit 10); rejects with the signal's reason when the call is stopped
 */
export async function holderOf(
  root: StateRoot,
  wanted: NamedProgram,
  timeout_ms: number,
  signal: AbortSignal,
): Promise<RunView | null> {
  const deadline = monotonicMs() + timeout_ms
  for (;;) {
    signal.throwIfAborted()
    const [view] = holdersOf(root, wanted)
    if (!view) return null
    if (isSettled(root, view, wanted)) return view
    if (monotonicMs() >= deadline) throw unsettled(view, wanted, timeout_ms)
    await pause(POLL_MS, signal)
  }
}

/** @throws FrameworkExit where waiting would not help */
function isSettled(root: StateRoot, view: RunView, wanted: NamedProgram): boolean {
  const { owner_state, intent, stop, run_id } = view
  // It is being ended, and will give the name free.
  if (owner_state === 'guard' || stop) return false
  if (owner_state !== 'alive' || !intent)
    throw taken(view, wanted, owner_state === 'foreign' ? 'runs elsewhere' : 'is held by nobody any more')
  const differs = differences(intent, wanted)
  if (differs.length > 0) throw taken(view, wanted, `has another ${differs.join(', ')}`, differs)
  return runningRun(root, view) !== null && isAnswered(root, run_id)
}

function differences(intent: RunIntent, wanted: NamedProgram): string[] {
  return [
    ...(JSON.stringify(intent.argv) === JSON.stringify(wanted.argv) ? [] : ['argv']),
    ...(intent.cwd === wanted.cwd ? [] : ['cwd']),
    ...(intent.runtime === wanted.runtime ? [] : ['runtime']),
  ]
}

function taken(
  { run_id, intent }: RunView,
  { name, session_id }: NamedProgram,
  how: string,
  differs: readonly string[] = [],
): FrameworkExit {
  return new FrameworkExit(
    'CONFLICT',
    'ALREADY_EXISTS',
    `run ${run_id} of session ${session_id} has the name ${name} and ${how}`,
    {
      context: { name, session_id, run_id, argv: intent?.argv ?? null, cwd: intent?.cwd ?? null, differs },
      fix_required: `stop run ${run_id} first, or give another name`,
    },
  )
}

function unsettled(view: RunView, wanted: NamedProgram, timeout_ms: number): FrameworkExit {
  if (view.stop || view.owner_state === 'guard') return taken(view, wanted, 'has not ended yet')
  const { run_id } = view
  return new FrameworkExit(
    'TIMEOUT',
    'READY_TIMEOUT',
    `run ${run_id} has the name ${wanted.name}, and its start was not answered after ${timeout_ms / 1_000} s`,
    {
      context: { run_id, name: wanted.name, timeout_seconds: timeout_ms / 1_000 },
      fix_required: 'see its log; call again, with more time, where it was only slow',
    },
  )
}
