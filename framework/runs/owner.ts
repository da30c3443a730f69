/**
 * The owner of a run: claims it, starts the main process, follows the tree, keeps the time, ends the tree,
 * writes the end. One implementation, used by the shim (background processes) and by an invocation (tracked children).
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { after } from '../process/clock.js'
import { endTree } from '../process/end-tree.js'
import { type ProcessIdentity, self, thisHost } from '../process/identity.js'
import { type Journal, openJournal } from '../process/journal.js'
import { ownChild } from '../process/own-children.js'
import { SnapshotTracking } from '../process/snapshot.js'
import { readStat } from '../process/stat.js'
import { commandLine } from '../process/table.js'
import type { Member, TrackingMethod } from '../process/tracking.js'
import { type Reservation, reserve } from '../store/record.js'
import type { StateRoot } from '../store/state-root.js'
import type { Guard } from './guard.js'
import { leaveLive } from './intent.js'
import { LogCap } from './log-cap.js'
import {
  type ExitReason,
  journalPath,
  logPath,
  publishMain,
  publishOwner,
  publishStop,
  RECORD_VERSION,
  type RunEnd,
  type RunIntent,
  type RunStop,
  readStop,
  recordPath,
  type StopCause,
} from './records.js'

/** Space held for the end record from before the start, in bytes: a full disk cannot take the exit code. */
const END_BYTES = 32 * 1024
/** How many survivors and leftovers a record names; the count of the others is in the log of nothing: they stay in the journal. */
const NAMED_PROCESSES = 64
/** The questions in files are also read without a signal, once a second; looks at the tree thin out to this, in ms. */
const ASK_INTERVAL_MS = 1_000
const LOOK_INTERVALS_MS = [25, 50, 100, 200, 400, 800, 1_600, 3_200]

export interface OwnerOptions {
  readonly root: StateRoot
  readonly intent: RunIntent
  readonly guard: Guard
  /** The whole environment of the program. */
  readonly environment: Readonly<Record<string, string>>
  readonly stdio: StdioOptions
  /** Ends what the main process leaves behind as soon as it has exited (background runs); else `stop` does. */
  readonly end_leftovers: boolean
}

export interface MainExit {
  readonly exit_code: number | null
  readonly signal: NodeJS.Signals | null
  readonly at: string
}

export class ClaimLost extends Error {}

/** A program that could not be started; its run has its end record already. */
export class StartFailed extends Error {
  readonly errno: string | null

  constructor(message: string, errno: string | null) {
    super(message)
    this.errno = errno
  }
}

/** A run of ours that was started: `exited` and `ended` each settle once, for any number of waiters. */
export class OwnedRun {
  readonly main: ProcessIdentity
  readonly child: ChildProcess
  readonly exited: Promise<MainExit>
  readonly ended: Promise<RunEnd>
  readonly #options: OwnerOptions
  readonly #reservation: Reservation
  readonly #tracking: TrackingMethod
  readonly #force = new AbortController()
  readonly #started_at: string
  readonly #cap: LogCap | null
  readonly #cancel: (() => void)[] = []
  #exit: MainExit | null = null
  #stop: RunStop | null = null
  #ending: Promise<void> | null = null
  #killed_main = false
  #killed = 0
  #resolve_ended: (end: RunEnd) => void = () => {}

  private constructor(
    options: OwnerOptions,
    reservation: Reservation,
    child: ChildProcess,
    main: ProcessIdentity,
    tracking: TrackingMethod,
    exited: Promise<MainExit>,
  ) {
    this.#options = options
    this.#reservation = reservation
    this.child = child
    this.main = main
    this.#tracking = tracking
    this.#started_at = new Date().toISOString()
    this.exited = exited
    this.ended = new Promise(resolve => {
      this.#resolve_ended = resolve
    })
    const { root, intent } = options
    this.#cap = options.end_leftovers
      ? new LogCap(logPath(root, intent.run_id), intent.limits.log_max_bytes)
      : null
    void exited.then(exit => this.#mainExited(exit))
    this.#follow(0)
    this.#watchQuestions()
    const { max_lifetime_ms } = intent.limits
    if (max_lifetime_ms !== null) this.#cancel.push(after(max_lifetime_ms, () => this.stop('max_lifetime')))
  }

  /**
   * Claims the run by `owner.json`, starts its main process and records it.
   * @throws ClaimLost where somebody else's link of `owner.json` won: nothing was started
   * @throws StartFailed where the program cannot be started, or the run was asked to stop before; the end is recorded
   */
  static async start(options: OwnerOptions): Promise<OwnedRun> {
    const { root, intent, guard } = options
    const reservation = reserve(recordPath(root, intent.run_id, 'end'), END_BYTES)
    const claim = publishOwner(root, {
      schema_version: RECORD_VERSION,
      run_id: intent.run_id,
      abandoned: false,
      owner: self(),
      guard: guard.identity,
      tracking: { method: 'snapshot', complete: false },
      claimed_at: new Date().toISOString(),
    })
    if (claim === 'exists') {
      reservation.release()
      throw new ClaimLost(`run ${intent.run_id} has an owner already`)
    }
    const asked = readStop(root, intent.run_id, 'stop')
    if (asked.state === 'ok') {
      publishStartFailure(
        options,
        reservation,
        'STOPPED_BEFORE_START',
        null,
        'the run was stopped before it started',
        asked.record.cause,
      )
      throw new StartFailed('the run was stopped before it started', null)
    }
    return OwnedRun.#spawn(options, reservation)
  }

  static async #spawn(options: OwnerOptions, reservation: Reservation): Promise<OwnedRun> {
    const { root, intent } = options
    const [program, ...rest] = intent.argv
    const fail = (error: NodeJS.ErrnoException): StartFailed => {
      const errno = error.code ?? null
      const message = describeStartFailure(intent, errno)
      publishStartFailure(options, reservation, 'START_FAILED', errno, message, null)
      return new StartFailed(message, errno)
    }
    let child: ChildProcess
    try {
      child = ownChild(
        spawn(program, rest, {
          cwd: intent.cwd,
          env: options.environment,
          detached: true,
          stdio: options.stdio,
        }),
      )
    } catch (error) {
      throw fail(error instanceof Error ? error : new Error(String(error)))
    }
    const exited = new Promise<MainExit>(resolve => {
      child.once('exit', (exit_code, signal) => resolve({ exit_code, signal, at: new Date().toISOString() }))
    })
    // An unreaped child keeps its entry in /proc, so this reads the right process even when it has ended (proc(5)).
    const stat = child.pid === undefined ? null : readStat(child.pid)
    if (!stat) throw fail(await spawnError(child))
    child.on('error', () => {
      // Comes from a failed kill or a closed channel later on; the exit event tells the rest.
    })
    const main: ProcessIdentity = { ...thisHost(), pid: stat.pid, start_time: stat.start_time }
    let journal: Journal
    try {
      publishMain(root, {
        schema_version: RECORD_VERSION,
        run_id: intent.run_id,
        main,
        // setsid(2) runs in the child before its program does, so these are the group and session it leads.
        pgid: main.pid,
        sid: main.pid,
        started_at: new Date().toISOString(),
      })
      journal = openJournal(journalPath(root, intent.run_id))
    } catch (error) {
      // What cannot be recorded may not run. The child is unreaped, so its group is still its own.
      process.kill(-main.pid, 'SIGKILL')
      await exited
      throw fail(error instanceof Error ? error : new Error(String(error)))
    }
    const exclude = [process.pid, ...(options.guard.identity ? [options.guard.identity.pid] : [])]
    const tracking = new SnapshotTracking({ main, marker: intent.marker, journal, exclude })
    return new OwnedRun(options, reservation, child, main, tracking, exited)
  }

  get run_id(): string {
    return this.#options.intent.run_id
  }

  /** Why the run was ended; null while nobody asked. */
  get stop_cause(): StopCause | null {
    return this.#stop?.cause ?? null
  }

  /**
   * Ends the run: TERM, grace, KILL, for the whole tree. The first cause stands; further calls join.
   * @param grace_ms the intent's where left out
   */
  stop(cause: StopCause, grace_ms: number = this.#options.intent.limits.grace_ms): void {
    if (this.#ending && !this.#leftoversOnly) return
    const { root } = this.#options
    const request: RunStop = {
      schema_version: RECORD_VERSION,
      run_id: this.run_id,
      cause,
      asker: self(),
      grace_ms,
      requested_at: new Date().toISOString(),
    }
    try {
      publishStop(root, 'stop', request)
      this.#readQuestions()
    } catch {
      // A full or vanished disk must not keep a process alive; the end record carries the cause.
      this.#stop ??= request
      this.#end(grace_ms)
    }
  }

  /** KILL at once instead of the rest of the grace. */
  force(): void {
    this.#force.abort()
  }

  /** Reads `stop.json` and `force.json` now: what SIGUSR2 asks for. */
  ask(): void {
    this.#readQuestions()
  }

  get #leftoversOnly(): boolean {
    return this.#exit !== null && this.#stop === null
  }

  #watchQuestions(): void {
    const timer = setInterval(() => {
      this.#readQuestions()
      this.#cap?.check()
    }, ASK_INTERVAL_MS)
    timer.unref()
    this.#cancel.push(() => clearInterval(timer))
  }

  #readQuestions(): void {
    const { root } = this.#options
    if (!this.#stop && existsSync(recordPath(root, this.run_id, 'stop'))) {
      const stop = readStop(root, this.run_id, 'stop')
      if (stop.state === 'ok') {
        this.#stop = stop.record
        this.#end(stop.record.grace_ms)
      }
    }
    if (this.#stop && existsSync(recordPath(root, this.run_id, 'force'))) this.force()
  }

  #follow(step: number): void {
    const wait = LOOK_INTERVALS_MS[Math.min(step, LOOK_INTERVALS_MS.length - 1)] ?? ASK_INTERVAL_MS
    const timer = setTimeout(() => {
      if (this.#ending) return
      const { members } = this.#tracking.look()
      // A tracked run whose main process has gone is over as soon as nobody of it is left.
      if (this.#exit && members.length === 0) return this.#end(0)
      this.#follow(step + 1)
    }, wait)
    timer.unref()
    this.#cancel.push(() => clearTimeout(timer))
  }

  #mainExited(exit: MainExit): void {
    this.#exit = exit
    if (this.#ending) return
    if (this.#options.end_leftovers || this.#tracking.look().members.length === 0) {
      this.#end(this.#options.intent.limits.grace_ms)
    } else {
      this.#follow(0)
    }
  }

  #end(grace_ms: number): void {
    this.#ending ??= this.#endTree(grace_ms)
  }

  async #endTree(grace_ms: number): Promise<void> {
    const was_stopped = this.#stop !== null
    const result = await endTree({
      tracking: this.#tracking,
      grace_ms,
      force: this.#force.signal,
      on_kill: member => {
        if (member.identity.pid === this.main.pid) this.#killed_main = true
      },
    })
    this.#killed += result.ended - (was_stopped && this.#exit === null ? 1 : 0)
    const main_survives = result.survivors.some(member => member.identity.pid === this.main.pid)
    const exit = main_survives ? this.#exit : await this.exited
    this.#publishEnd(exit, result.survivors)
  }

  #publishEnd(exit: MainExit | null, survivors: readonly Member[]): void {
    const { root, intent } = this.#options
    for (const cancel of this.#cancel) cancel()
    const leftovers = this.#tracking.look().marked_only
    const end: RunEnd = {
      schema_version: RECORD_VERSION,
      run_id: intent.run_id,
      exit_code: exit?.exit_code ?? null,
      signal: exit?.signal ?? null,
      exit_reason: exit ? exitReason(exit, this.#killed_main) : null,
      stop_cause: this.#stop?.cause ?? null,
      reconcile_reason: exit ? null : 'main_survives',
      started_at: this.#started_at,
      main_exited_at: exit?.at ?? null,
      ended_at: new Date().toISOString(),
      error: null,
      descendants_killed: Math.max(0, this.#killed),
      survivors: survivors.slice(0, NAMED_PROCESSES).map(describeProcess),
      leftovers: leftovers.slice(0, NAMED_PROCESSES).map(describeProcess),
      recorder: self(),
    }
    try {
      this.#reservation.publish(end)
      if (survivors.length === 0 && leftovers.length === 0) leaveLive(root, intent.run_id)
    } catch {
      // The run's directory was removed under us or the disk went read-only: there is nowhere left to say it.
    }
    this.#resolve_ended(end)
  }
}

function exitReason(exit: MainExit, killed: boolean): ExitReason {
  if (exit.signal === null) return 'natural'
  return killed && exit.signal === 'SIGKILL' ? 'forced_kill' : 'signal'
}

/** How a record and an answer name one process. */
export function describeProcess(member: Member): RunEnd['survivors'][number] {
  return {
    identity: member.identity,
    ppid: member.ppid,
    cmd: (commandLine(member.identity.pid) ?? []).join(' ').slice(0, 256),
  }
}

function spawnError(child: ChildProcess): Promise<NodeJS.ErrnoException> {
  return new Promise(resolve => child.once('error', resolve))
}

function describeStartFailure(intent: RunIntent, errno: string | null): string {
  const program = intent.argv[0]
  // execve(2) and chdir(2) fail with the same ENOENT; say which of the two it was.
  if (!statSync(intent.cwd, { throwIfNoEntry: false })?.isDirectory())
    return `the working directory ${intent.cwd} is not there`
  if (errno === 'ENOENT') return `${program} was not found`
  if (errno === 'EACCES') return `${program} is not executable`
  return `${program} could not be started (${errno ?? 'unknown error'})`
}

function publishStartFailure(
  options: OwnerOptions,
  reservation: Reservation,
  code: string,
  errno: string | null,
  message: string,
  stop_cause: StopCause | null,
): void {
  const { root, intent } = options
  reservation.publish({
    schema_version: RECORD_VERSION,
    run_id: intent.run_id,
    exit_code: null,
    signal: null,
    exit_reason: 'start_failed',
    stop_cause,
    reconcile_reason: null,
    started_at: null,
    main_exited_at: null,
    ended_at: new Date().toISOString(),
    error: { code, errno, message },
    descendants_killed: 0,
    survivors: [],
    leftovers: [],
    recorder: self(),
  } satisfies RunEnd)
  leaveLive(root, intent.run_id)
}
