/**
 * How a main process exited. waitpid(2) tells who started it, and tells nothing where somebody else in this process took
 * the status (ECHILD): then the process is gone, and nobody will ever know how.
 */
import type { ProcessIdentity } from '../process/identity.js'
import { look } from '../process/liveness.js'
import type { MainChild } from './main-child.js'
import type { ExitReason } from './records.js'

export interface MainExit {
  readonly exit_code: number | null
  /** Null together with `exit_code` where nobody was told how it ended. */
  readonly signal: NodeJS.Signals | null
  readonly at: string
}

/** Between two looks at the process, in ms. */
const LOOK_MS = 1_000
/** How often in a row it is gone, and nobody was told though the loop turned in between. */
const UNTOLD_LOOKS = 3

/**
 * Resolves once, never rejects.
 * @param child its own word, where it comes
 */
export function exitOf(child: Pick<MainChild, 'exited' | 'unref'>, main: ProcessIdentity): Promise<MainExit> {
  return new Promise(resolve => {
    let untold = 0
    const timer = setInterval(() => {
      untold = isGone(main) ? untold + 1 : 0
      if (untold < UNTOLD_LOOKS) return
      // Its word will never come.
      child.unref()
      end({ exit_code: null, signal: null, at: new Date().toISOString() })
    }, LOOK_MS)
    // The child itself keeps the owner alive.
    timer.unref()
    const end = (exit: MainExit): void => {
      clearInterval(timer)
      resolve(exit)
    }
    void child.exited.then(end)
  })
}

function isGone(main: ProcessIdentity): boolean {
  try {
    return look(main) !== 'alive'
  } catch {
    // No descriptor left to look with.
    return false
  }
}

/** Null where it is known how the main process ended. */
export function reconcileReason(exit: MainExit | null): string | null {
  if (!exit) return 'main_survives'
  return exit.exit_code === null && exit.signal === null ? 'exit_unseen' : null
}

/** @param killed by a KILL of ours */
export function exitReason(exit: MainExit, killed: boolean): ExitReason {
  if (exit.signal === null) return exit.exit_code === null ? 'runtime_error' : 'natural'
  return killed && exit.signal === 'SIGKILL' ? 'forced_kill' : 'signal'
}
