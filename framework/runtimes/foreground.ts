/**
 * The foreground runtime: this process owns the run and stands where its program would. On a terminal the program stays
 * in our session and group, so that it has the terminal; without one it leads a session of its own.
 */
import { controllingTerminal } from '../process/terminal.js'
import type { DescendantsWait } from '../runs/await-descendants.js'
import { becomeSubreaper } from '../runs/become-subreaper.js'
import { type Guard, startGuard } from '../runs/guard.js'
import { OwnedRun, StartFailed } from '../runs/owner.js'
import type { RunEnd, RunIntent, StopCause } from '../runs/records.js'
import type { StateRoot } from '../store/state-root.js'
import { type CopiedOutput, copyOutput, type OutputCopies } from './foreground-copies.js'
import { ForegroundSignals } from './foreground-signals.js'
import { keepTerminal } from './keep-terminal.js'
import { closeWriteEnds, type RealPipe, realPipe } from './real-pipes.js'

export interface ForegroundStart {
  readonly root: StateRoot
  /** On disk already. */
  readonly intent: RunIntent
  readonly environment: Readonly<Record<string, string>>
  readonly wait: DescendantsWait
  /** Where copies of what the program writes go; null where it writes straight to our own stdout and stderr. */
  readonly copies: OutputCopies | null
  /**
   * Whether this process is there for the run alone. If not, it is no place for a program: stdin is empty, no terminal
   * is shared and no signal taken.
   */
  readonly whole_process: boolean
  /** Told right before the program starts: from now on TERM, HUP and INT go to what it is given; null takes that back. */
  delegate(told: ((signal: NodeJS.Signals) => void) | null): void
  /** Whether the call has been told to end: nothing is started any more. */
  isEnding(): boolean
}

/** A program in the foreground. */
export interface ForegroundRun {
  readonly run: OwnedRun
  /** Resolves when tracking is over and everything that was written has been copied. */
  readonly ended: Promise<RunEnd>
  /** As `OwnedRun.stop`. */
  stop(cause: StopCause, grace_ms: number): void
  /** As `OwnedRun.force`. */
  force(): void
}

/**
 * Starts a recorded run with its guard.
 * @throws StartFailed and what `startGuard` throws; nothing runs then
 */
export async function startInForeground(start: ForegroundStart): Promise<ForegroundRun> {
  const { root, intent, environment, wait, copies, whole_process } = start
  const terminal = whole_process ? controllingTerminal() : null
  const signals = new ForegroundSignals(terminal)
  const release = (): void => {
    signals.release()
    copies?.close()
  }
  if (whole_process) signals.install()
  let guard: Guard | null = null
  let pipes: readonly RealPipe[] = []
  try {
    const { tracking } = intent
    const subreaper = whole_process ? await becomeSubreaper(root, { tracking, may_crash: false }) : null
    guard = await startGuard(root, intent.marker)
    if (copies) pipes = ['stdout', 'stderr'].map(name => realPipe(root.run(intent.run_id), name))
    if (start.isEnding())
      throw new StartFailed('STOPPED_BEFORE_START', 'the call was told to end before the start')
    start.delegate(signal => signals.got(signal))
    const [stdout, stderr] = pipes
    const run = await OwnedRun.start({
      root,
      intent,
      guard,
      environment,
      stdio: [
        whole_process ? 'inherit' : 'ignore',
        stdout?.write_end ?? 'inherit',
        stderr?.write_end ?? 'inherit',
      ],
      leftovers: wait,
      subreaper,
      shares_session: terminal !== null,
    })
    signals.tell(run)
    if (terminal) keepTerminal()
    const copied = copies && stdout && stderr ? copyOutput(stdout.output, stderr.output, copies) : null
    return new RunInForeground(run, guard, copied, release)
  } catch (error) {
    for (const { output } of pipes) output.destroy()
    guard?.release()
    release()
    start.delegate(null)
    throw error
  } finally {
    closeWriteEnds(pipes)
  }
}

class RunInForeground implements ForegroundRun {
  readonly run: OwnedRun
  readonly ended: Promise<RunEnd>

  constructor(run: OwnedRun, guard: Guard, copied: CopiedOutput | null, release: () => void) {
    this.run = run
    this.ended = run.ended.then(async end => {
      await copied?.finish()
      guard.release()
      release()
      return end
    })
  }

  stop(cause: StopCause, grace_ms: number): void {
    this.run.stop(cause, grace_ms)
  }

  force(): void {
    this.run.force()
  }
}
