/** Owning one background run, from the handshake to the end record. */
import { closeSync, constants, fchmodSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { errnoOf } from '../process/errno.js'
import { type Guard, startGuard } from '../runs/guard.js'
import { OwnedRun, StartFailed } from '../runs/owner.js'
import { refreshPidFile } from '../runs/pid-file.js'
import { logPath, publishAnswered, type RunIntent, readIntent } from '../runs/records.js'
import { giveUp } from '../runs/start-main.js'
import { type StateRoot, stateRootAt } from '../store/state-root.js'
import type { Faults } from './faults.js'
import { followReadiness, withReadyPipe } from './ready-pipe.js'
import { Starter } from './starter.js'

/** The socket to the starter. */
export const HANDSHAKE_DESCRIPTOR = 3

/**
 * @param parameters path of the state root, run id
 * @param faults where errors go that nobody catches
 */
export async function own([root_path, run_id]: readonly string[], faults: Faults): Promise<void> {
  if (root_path === undefined || run_id === undefined) throw new Error('usage: own <state root> <run id>')
  const root = stateRootAt(root_path)
  const starter = new Starter(new Socket({ fd: HANDSHAKE_DESCRIPTOR, readable: true, writable: true }))
  const signals = new Signals()
  const owned = await start(root, run_id, starter).catch((error: unknown) => asStartFailed(error))
  if (owned instanceof StartFailed) {
    const { code, message, errno } = owned
    giveUp(root, run_id)
    starter.answer({ failed: { code, message, errno } })
    return
  }
  const { run, guard, intent } = owned
  faults.tell(thrown => run.noteFault(thrown))
  signals.tell(run)
  starter.answer({ started: { pid: run.main.pid } })
  void starter.confirmed.then(confirmed => {
    // Whoever wanted the run died before anybody learned its pid.
    if (!confirmed) run.stop('parent_signal')
    else if (intent.is_name_unique) recordAnswered(root, run_id)
  })
  await run.ended
  guard.release()
  await refreshPidFile(root, intent.session_id, { pid: run.main.pid, alive: false })
  starter.close()
}

interface Owned {
  readonly run: OwnedRun
  readonly guard: Guard
  readonly intent: RunIntent
}

async function start(root: StateRoot, run_id: string, starter: Starter): Promise<Owned> {
  const message = await starter.message
  if (!message) throw new StartFailed('STOPPED_BEFORE_START', 'the starter died before it sent anything')
  const read = readIntent(root, run_id)
  if (read.state !== 'ok')
    throw new StartFailed('RECORDS_UNAVAILABLE', `the intent of run ${run_id} is ${read.state}`)
  const intent = read.record
  const guard = await startGuard(root, intent.marker)
  try {
    if (starter.is_gone) throw new StartFailed('STOPPED_BEFORE_START', 'the starter died before the start')
    const run = await startRun(root, intent, guard, message.environment)
    followReadiness(root, intent, run.child)
    return { run, guard, intent }
  } catch (error) {
    guard.release()
    throw error
  }
}

async function startRun(
  root: StateRoot,
  intent: RunIntent,
  guard: Guard,
  environment: Readonly<Record<string, string>>,
): Promise<OwnedRun> {
  const log = openLog(logPath(root, intent.run_id))
  try {
    return await OwnedRun.start({
      root,
      intent,
      guard,
      environment,
      stdio: withReadyPipe(['ignore', log, log], intent),
      leftovers: 'end',
    })
  } finally {
    closeSync(log)
  }
}

/** Written by the program itself, through its own descriptors: our death must not take its output. */
function openLog(path: string): number {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants
  const log = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
  // The caller's umask, which the program gets, must not close its log to its own user.
  fchmodSync(log, 0o600)
  return log
}

/**
 * Takes signals from now on: a default disposition would end us, and with us the run. TERM, INT and HUP end the run,
 * also when they come before it has started; USR2 asks it to read its requests; USR1 would make Node open a debugger.
 */
class Signals {
  #run: OwnedRun | null = null
  #is_terminated = false

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => this.#terminate())
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
