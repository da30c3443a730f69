/** Owning one background run, from the handshake to the end record, wherever its program sits. */
import type { Socket } from 'node:net'
import { keepCode } from '../compiled-code/keep-code.js'
import { errnoOf } from '../process/errno.js'
import type { Subreaper } from '../process/subreaper.js'
import { startThreadPool } from '../process/thread-pool.js'
import { becomeSubreaper } from '../runs/become-subreaper.js'
import { type Guard, startGuard } from '../runs/guard.js'
import { OwnedRun, StartFailed } from '../runs/owner.js'
import { isAwaited, refreshPidFile } from '../runs/pid-file.js'
import { publishAnswered, type RunIntent, readIntent } from '../runs/records.js'
import { giveUp, type OwnerOptions } from '../runs/start-main.js'
import { type StateRoot, stateRootAt } from '../store/state-root.js'
import type { Faults } from './faults.js'
import type { StartMessage } from './handshake.js'
import { followReadiness, withReadyPipe } from './ready-pipe.js'
import { Starter } from './starter.js'
import { stopOptimizingLater } from './stop-optimizing.js'

/** What differs between the places where a program may sit. */
export interface Seat {
  /** The way to the starter; what comes of it may be closed already. */
  connect(root: StateRoot, run_id: string): Socket
  /** How the program gets its place. */
  take(root: StateRoot, intent: RunIntent, message: StartMessage): Taken
  /** Whether the starter starts another shim, without the better tracking method, where this one crashes by it. */
  readonly is_tried_again: boolean
  /** What of the terminal's signals is meant for the program alone. */
  readonly left_to_program: readonly NodeJS.Signals[]
  /** The run is over, or could not be started, and this process is about to exit. Never rejects. */
  leave(intent: RunIntent): Promise<void>
}

export interface Taken {
  readonly options: Pick<OwnerOptions, 'environment' | 'stdio' | 'shares_session' | 'drain'>
  /** The program has its own copies of what was opened for it. */
  release(): void
}

/**
 * @param parameters path of the state root, run id
 * @param faults where errors go that nobody catches
 */
export async function own([root_path, run_id]: readonly string[], faults: Faults, seat: Seat): Promise<void> {
  if (root_path === undefined || run_id === undefined) throw new Error('usage: own <state root> <run id>')
  startThreadPool()
  const signals = new Signals(seat.left_to_program)
  const root = stateRootAt(root_path)
  const starter = new Starter(seat.connect(root, run_id))
  const owned = await start(root, run_id, starter, seat).catch((error: unknown) => asStartFailed(error))
  if (owned instanceof StartFailed) {
    const { code, message, errno } = owned
    giveUp(root, run_id)
    starter.answer({ failed: { code, message, errno } })
    const read = readIntent(root, run_id)
    if (read.state === 'ok') await seat.leave(read.record)
    return
  }
  const { run, guard, subreaper, intent } = owned
  faults.tell(thrown => run.noteFault(thrown))
  signals.tell(run)
  starter.answer({ started: { pid: run.main.pid } })
  void starter.confirmed.then(confirmed => {
    // Whoever wanted the run died before anybody learned its pid.
    if (!confirmed) run.stop('parent_signal')
    else if (intent.is_name_unique) recordAnswered(root, run_id)
  })
  stopOptimizingLater()
  await run.ended
  guard.release()
  if (!isAwaited(root, run_id))
    await refreshPidFile(root, intent.session_id, { pid: run.main.pid, alive: false })
  await seat.leave(intent)
  starter.close()
  keepCode()
  // All is recorded and said; taking Node apart would only take time.
  subreaper?.exit(0)
  process.exit()
}

interface Owned {
  readonly run: OwnedRun
  readonly guard: Guard
  readonly subreaper: Subreaper | null
  readonly intent: RunIntent
}

async function start(root: StateRoot, run_id: string, starter: Starter, seat: Seat): Promise<Owned> {
  const message = await starter.message
  if (!message) throw new StartFailed('STOPPED_BEFORE_START', 'the starter died before it sent anything')
  const read = readIntent(root, run_id)
  if (read.state !== 'ok')
    throw new StartFailed('RECORDS_UNAVAILABLE', `the intent of run ${run_id} is ${read.state}`)
  const intent = read.record
  const { tracking = intent.tracking } = message
  // Should it crash here, nothing has been claimed or started yet.
  const subreaper = await becomeSubreaper(root, { tracking, may_crash: seat.is_tried_again })
  const guard = await startGuard(root, intent.marker, subreaper)
  try {
    if (starter.is_gone) throw new StartFailed('STOPPED_BEFORE_START', 'the starter died before the start')
    const taken = seat.take(root, intent, message)
    try {
      const stdio = withReadyPipe(taken.options.stdio, intent)
      const run = await OwnedRun.start({
        root,
        intent,
        guard,
        subreaper,
        leftovers: 'end',
        ...taken.options,
        stdio,
      })
      followReadiness(root, intent, run.streams)
      return { run, guard, subreaper, intent }
    } finally {
      taken.release()
    }
  } catch (error) {
    guard.release()
    throw error
  }
}

/**
 * Takes signals from now on: a default disposition would end us, and with us the run. TERM, INT and HUP end the run,
 * also when they come before it has started; USR2 asks it to read its requests; USR1 would make Node open a debugger.
 */
class Signals {
  #run: OwnedRun | null = null
  #is_terminated = false

  constructor(left_to_program: readonly NodeJS.Signals[]) {
    for (const signal of left_to_program) process.on(signal, () => {})
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      if (!left_to_program.includes(signal)) process.on(signal, () => this.#terminate())
    process.on('SIGUSR1', () => {})
    process.on('SIGUSR2', () => this.#run?.ask())
  }

  /** The run that the signals mean. */
  tell(run: OwnedRun): void {
    this.#run = run
    if (this.#is_terminated) run.stop('parent_signal')
    else run.ask()
  }

  #terminate(): void {
    this.#is_terminated = true
    this.#run?.stop('parent_signal')
  }
}

/** From now on others may answer with this run. */
function recordAnswered(root: StateRoot, run_id: string): void {
  try {
    publishAnswered(root, run_id)
  } catch {
    // A full disk: they wait until they have waited long enough.
  }
}

const asStartFailed = (error: unknown): StartFailed =>
  error instanceof StartFailed
    ? error
    : new StartFailed(
        'RECORDS_UNAVAILABLE',
        error instanceof Error ? error.message : String(error),
        errnoOf(error),
      )
