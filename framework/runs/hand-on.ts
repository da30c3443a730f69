/** Handing a signal that an owner got on to its run, once, as a terminal does to its foreground group. */
import type { ProcessIdentity } from '../process/identity.js'
import { signalProcess } from '../process/signal.js'
import type { TrackingMethod } from '../process/tracking.js'
import { signalTree } from '../process/tree-signals.js'

const DISMISSING: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP'])
/** What two programs have agreed on between them: to most others that get it it is the end. */
const PRIVATE: ReadonlySet<NodeJS.Signals> = new Set(['SIGUSR1', 'SIGUSR2'])

/** Whether a signal tells a program to go. */
export const dismisses = (signal: NodeJS.Signals): boolean => DISMISSING.has(signal)

/**
 * To everything of the run as it is now; USR1 and USR2 to the main process alone.
 * @throws NodeJS.ErrnoException where the host could not be asked
 */
export function handOn(signal: NodeJS.Signals, main: ProcessIdentity, tracking: TrackingMethod): void {
  if (PRIVATE.has(signal)) {
    signalProcess(main, signal)
    return
  }
  const tree = tracking.look()
  signalTree(tree, signal)
  // What is stopped hears nothing.
  if (dismisses(signal)) signalTree(tree, 'SIGCONT')
}
