/** Waiting until a background program can be used: its log, its port or its own word says so, or its end says never. */
import { monotonicMs, pause } from '../process/clock.js'
import { look } from '../process/liveness.js'
import { isReady, logPath, publishReady, type RunReady } from '../runs/records.js'
import { isOver, type RunView, viewRun } from '../runs/status.js'
import type { StateRoot } from '../store/state-root.js'
import { FrameworkExit } from './framework-exit.js'
import { GrowingLines } from './growing-lines.js'
import { isAccepting } from './local-port.js'
import { READY_TIMEOUT_SECONDS, type ReadyWhen } from './ready-when.js'

const POLL_MS = 15

/**
 * Resolves when the program is ready: a line of the run's log matches, its port accepts, or it has said so through the
 * descriptor that its owner listens at.
 * @throws FrameworkExit `NOT_READY` (exit 1) with the program's exit code and last lines where it ended before;
 *   `READY_TIMEOUT` (exit 10) where it took too long; rejects with the signal's reason when the call is stopped
 */
export async function awaitReadiness(
  root: StateRoot,
  run_id: string,
  ready: ReadyWhen,
  signal: AbortSignal,
): Promise<void> {
  const timeout_seconds = ready.timeout_seconds ?? READY_TIMEOUT_SECONDS
  const deadline = monotonicMs() + timeout_seconds * 1_000
  const lines = new GrowingLines(logPath(root, run_id))
  for (;;) {
    signal.throwIfAborted()
    // The order matters: a run that is over has written its last line before we look for it.
    const view = viewRun(root, run_id)
    const added = lines.next()
    if (await isSeenReady(root, run_id, ready, added)) return
    if (isOver(view)) throw notReady(view, lines)
    if (monotonicMs() >= deadline) {
      throw new FrameworkExit(
        'TIMEOUT',
        'READY_TIMEOUT',
        `the program was not ready after ${timeout_seconds} s`,
        {
          context: { run_id, timeout_seconds, last_lines: lines.last() },
          fix_required: 'see the last lines of its log; give it more time where it was only slow',
        },
      )
    }
    await pause(POLL_MS, signal)
  }
}

async function isSeenReady(
  root: StateRoot,
  run_id: string,
  ready: ReadyWhen,
  added: readonly string[],
): Promise<boolean> {
  if ('fd' in ready) return isReady(root, run_id)
  const is_seen =
    'log' in ready
      ? added.some(line => matches(ready.log, line))
      : (await isAccepting(ready.port)) && isMainAlive(viewRun(root, run_id))
  if (is_seen) sayReady(root, run_id, 'log' in ready ? 'log' : 'port')
  return is_seen
}

/** Whoever accepts a connection after the program has ended is somebody else. */
const isMainAlive = ({ main, end }: RunView): boolean =>
  main !== null && end === null && look(main.main) === 'alive'

/** Puts it on record for `events`. What the disk does not take makes nothing less ready. */
function sayReady(root: StateRoot, run_id: string, by: RunReady['by']): void {
  try {
    publishReady(root, run_id, by)
  } catch {
    // The answer of the call says it all the same.
  }
}

function notReady(view: RunView, lines: GrowingLines): FrameworkExit {
  return new FrameworkExit('GENERAL_ERROR', 'NOT_READY', 'the program ended before it was ready', {
    context: {
      run_id: view.run_id,
      program_exit_code: view.end?.exit_code ?? null,
      program_signal: view.end?.signal ?? null,
      stop_cause: view.end?.stop_cause ?? null,
      last_lines: lines.last(),
    },
    fix_required: 'the last lines of the log tell why it ended',
  })
}

/**
 * An expression with the flag `g` or `y` goes on where it stopped; here every line is a new text. A terminal ends its
 * lines by a carriage return, too.
 */
function matches(expression: RegExp, line: string): boolean {
  expression.lastIndex = 0
  return expression.test(line.endsWith('\r') ? line.slice(0, -1) : line)
}
