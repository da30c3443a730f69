/**
 * The foreground runtime: this process owns the run and stands where its program would. On a terminal the program stays
 * in our session and group, so that it has the terminal; without one it leads a session of its own.
 */
import { AbortOnDemand } from '../process/abort-on-demand.js'
import { readStat } from '../process/stat.js'
import { controllingTerminal } from '../process/terminal.js'
import { keepTerminals } from '../process/terminals-at-exit.js'
import { startThreadPool } from '../process/thread-pool.js'
import type { DescendantsWait } from '../runs/await-descendants.js'
import { becomeSubreaper } from '../runs/become-subreaper.js'
import { type Guard, startGuard } from '../runs/guard.js'
import { OwnedRun, StartFailed } from '../runs/owner.js'
import type { RunEnd } from '../runs/records.js'
import type { RuntimeAdapter, StartedRun, StartRequest } from './adapter.js'
import { type CopiedOutput, copyOutput, type OutputCopies } from './foreground-copies.js'
import { ForegroundSignals } from './foreground-signals.js'
import { HELD_BY_OWNER } from './held-by-owner.js'
import { closeWriteEnds, type RealPipe, realPipe } from './real-pipes.js'

/** How long the reader of a program that was ended is waited for, in ms; a signal to us ends that wait at any time. */
const UNREAD_MS = 2_000

/** What a program in the foreground is given of the call that it stands for. */
export interface ForegroundPlace {
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
export interface StartedInForeground extends StartedRun {
  readonly run: OwnedRun
  /** Resolves when tracking is over and everything that was written has been copied. */
  readonly ended: Promise<RunEnd>
}

/** The runtime of one call: its process is the owner, so the run ends with it. */
export const foreground = (place: ForegroundPlace): RuntimeAdapter<StartedInForeground> => ({
  ...HELD_BY_OWNER,
  runtime: 'foreground',
  capabilities: { terminal: false, outlives_call: false, log: place.copies !== null },
  prepare: (_root, intent) => intent,
  spawn: request => spawn(request, place),
  attach: () => null,
})

/** @throws StartFailed and what `startGuard` throws; nothing runs then */
async function spawn(
  { root, intent, environment, withdrawn }: StartRequest,
  place: ForegroundPlace,
): Promise<StartedInForeground> {
  const { wait, copies, whole_process } = place
  const terminal = whole_process ? controllingTerminal() : null
  const signals = new ForegroundSignals(terminal)
  const release = (): void => {
    signals.release()
    copies?.close()
  }
  if (whole_process) signals.install()
  startThreadPool()
  let guard: Guard | null = null
  let pipes: readonly RealPipe[] = []
  try {
    const { tracking } = intent
    const subreaper = whole_process ? await becomeSubreaper(root, { tracking, may_crash: false }) : null
    guard = await startGuard(root, intent.marker, subreaper)
    if (copies) pipes = ['stdout', 'stderr'].map(name => realPipe(root.run(intent.run_id), name))
    if (withdrawn.aborted || place.isEnding())
      throw new StartFailed('STOPPED_BEFORE_START', 'the call was told to end before the start')
    const unread = new AbortOnDemand()
    let has_ended = false
    place.delegate(signal => {
      if (has_ended) unread.abort()
      else signals.got(signal)
    })
    const [stdout, stderr] = pipes
    let copied: CopiedOutput | null = null
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
      drain: async () => copied?.settle(),
    })
    signals.tell(run)
    if (terminal) keepTerminals()
    if (copies && stdout && stderr) copied = copyOutput(stdout.output, stderr.output, copies)
    const { pid } = run.main
    const holder = guard
    return {
      run,
      pid,
      // On a terminal it stays in our group.
      handle: { pid, pgid: terminal ? (readStat(process.pid)?.pgid ?? pid) : pid },
      ended: run.ended.then(async end => {
        has_ended = true
        if (copied) await finish(copied, run, unread)
        holder.release()
        release()
        return end
      }),
      confirm: async () => {},
      withdraw: () => run.stop('parent_signal'),
    }
  } catch (error) {
    for (const { output } of pipes) output.destroy()
    guard?.release()
    release()
    place.delegate(null)
    throw error
  } finally {
    closeWriteEnds(pipes)
  }
}

async function finish(copied: CopiedOutput, run: OwnedRun, unread: AbortOnDemand): Promise<void> {
  // Who wanted the end does not wait for somebody who may never read.
  const patience = run.stop_cause === null ? undefined : setTimeout(() => unread.abort(), UNREAD_MS)
  await copied.finish(unread)
  clearTimeout(patience)
}
