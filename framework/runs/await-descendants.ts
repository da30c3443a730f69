/** The time after a main process's exit in which its descendants may still end by themselves. */
import type { Abortable } from '../process/abort-on-demand.js'
import { monotonicMs, pause } from '../process/clock.js'
import { ExecWait } from '../process/exec-wait.js'
import { look } from '../process/liveness.js'
import type { Member, TrackingMethod } from '../process/tracking.js'
import type { RunEnd } from './records.js'

/** How long is waited, and what happens to those who do not end by then. */
export interface DescendantsWait {
  readonly wait_ms: number
  readonly leftovers: 'report' | 'end'
}

export interface Waited {
  /** Alive when the wait was over, what only its environment ties to the run included. */
  readonly left: readonly Member[]
  /** Alive, and not to be told whether it is the run's. */
  readonly undecided: readonly Member[]
  /** Whether there was anybody to wait for. */
  readonly found_any: boolean
  readonly waited_ms: number
}

/** What remained when the wait for descendants was over, before any of it was ended. */
export interface Aftermath extends Omit<Waited, 'left' | 'undecided'> {
  readonly remaining: RunEnd['leftovers']
}

/** One empty look may have missed a process that a dying one had just forked. */
const EMPTY_LOOKS = 2
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 100
/** A look at all processes is dear: while one that we know lives, so often is enough, in ms and in times its cost. */
const LOOK_INTERVAL_MS = 400
const LOOK_SPACING = 50
/** How long looks may fail once the time is over: who could not look does not know that nothing is left. */
const BLIND_LIMIT_MS = 10_000

/**
 * Resolves as soon as nothing of the run is left, when the time is over, or when `stop` fires.
 * @param failed told what kept the host from being asked
 */
export async function awaitDescendants(
  tracking: TrackingMethod,
  wait_ms: number,
  stop: Abortable,
  failed: (error: unknown) => void,
): Promise<Waited> {
  const started = monotonicMs()
  const waited = (): Waited => ({
    left,
    undecided,
    found_any,
    waited_ms: Math.round(monotonicMs() - started),
  })
  let left: readonly Member[] = []
  let undecided: readonly Member[] = []
  let found_any = false
  let empty_looks = 0
  let wait = FIRST_PAUSE_MS
  let next_look = started
  let is_blind = true
  let is_open = false
  const exec_wait = new ExecWait()
  for (;;) {
    const now = monotonicMs()
    const is_over = stop.aborted || now >= started + wait_ms
    if (is_over || now >= next_look || !isAnyAlive(left)) {
      try {
        const tree = tracking.look()
        is_blind = false
        left = [...tree.members, ...tree.marked_only]
        undecided = tree.undecided ?? []
        const { untold = [] } = tree
        is_open = exec_wait.isOpen(untold.length > 0, monotonicMs())
        empty_looks = left.length + undecided.length === 0 && !is_open ? empty_looks + 1 : 0
        if (empty_looks >= EMPTY_LOOKS) return waited()
        if (empty_looks > 0) continue
        found_any ||= left.length + undecided.length > 0
        next_look = monotonicMs() + Math.max(LOOK_INTERVAL_MS, (monotonicMs() - now) * LOOK_SPACING)
      } catch (error) {
        is_blind = true
        failed(error)
      }
    }
    const is_untold = is_open || (is_blind && now < started + wait_ms + BLIND_LIMIT_MS)
    const may_look_again = is_untold && !stop.aborted
    if (is_over && !may_look_again) return waited()
    const rest = Math.max(0, started + wait_ms - monotonicMs())
    await pause(is_over ? wait : Math.min(wait, rest), stop)
    wait = Math.min(wait * 2, LONGEST_PAUSE_MS)
  }
}

function isAnyAlive(members: readonly Member[]): boolean {
  try {
    return members.some(({ identity }) => look(identity) === 'alive')
  } catch {
    // A look at all processes tells, or why there is none to be had.
    return false
  }
}
