/**
 * The owner of a run: starts the main process, follows the tree, keeps the time, ends the tree, writes the end.
 * One implementation, used by the shim (background processes) and by an invocation (tracked children). What fails in
 * it while the run lives is noted and tried again: an owner that gave up would take the run with it.
 */
import type { ChildProcess } from 'node:child_process'
import { after, monotonicMs, pause } from '../process/clock.js'
import { type EndedTree, endTree } from '../process/end-tree.js'
import { errnoOf } from '../process/errno.js'
import type { ProcessIdentity } from '../process/identity.js'
import type { Member } from '../process/tracking.js'
import { describeProcesses, endRecord, shortened, thrownError } from './end-record.js'
import { leaveLive } from './intent.js'
import { LastLook } from './last-look.js'
import { LogCap } from './log-cap.js'
import { nextLookMs } from './look-schedule.js'
import { endNested } from './nested.js'
import { areRecordsGone, isForced, type Request, requestToStop } from './questions.js'
import { type ExitReason, logPath, publishStop, type RunEnd, type StopCause } from './records.js'
import { type MainExit, type OwnerOptions, type StartedMain, startMain } from './start-main.js'

export { type MainExit, type OwnerOptions, StartFailed } from './start-main.js'

/** The questions in files are also read without a signal, so often, in ms. */
const ASK_INTERVAL_MS = 1_000
/** How often in a row the run's directory is missing before it counts as removed. */
const GONE_LOOKS = 3
/** An end that the disk does not take is tried again so often, after so long. */
const END_TRIES = 5
const END_RETRY_MS = 200
/** After a failed attempt to end the tree: the host could not be asked, so nothing is known of it. */
const BLIND_RETRY_MS = 1_000

/** A run of ours that was started: `exited` and `ended` each settle once, for any number of waiters. */
export class OwnedRun {
  readonly main: ProcessIdentity
  readonly child: ChildProcess
  readonly exited: Promise<MainExit>
  readonly ended: Promise<RunEnd>
  readonly #options: OwnerOptions
  readonly #started: StartedMain
  readonly #tracking: LastLook
  readonly #force = new AbortController()
  readonly #started_at = new Date().toISOString()
  readonly #cap: LogCap | null
  readonly #cancel: (() => void)[] = []
  /** Pids of what got our TERM, and our KILL; a run ends long before the kernel uses a pid again. */
  readonly #termed = new Set<number>()
  readonly #killed = new Set<number>()
  #look_timer: NodeJS.Timeout | undefined
  #look_cost_ms = 0
  #exit: MainExit | null = null
  #stop: Request | null = null
  #ending: Promise<void> | null = null
  #gone_looks = 0
  #fault: RunEnd['error'] = null
  #resolve_ended: (end: RunEnd) => void = () => {}

  private constructor(options: OwnerOptions, started: StartedMain) {
    this.#options = options
    this.#started = started
    this.#tracking = new LastLook(started.tracking)
    this.child = started.child
    this.main = started.main
    this.exited = started.exited
    this.ended = new Promise(resolve => {
      this.#resolve_ended = resolve
    })
    const { root, intent } = options
    this.#cap = options.end_leftovers
      ? new LogCap(logPath(root, intent.run_id), intent.limits.log_max_bytes)
      : null
    this.#cap?.follow()
    void started.exited.then(exit => this.#mainExited(exit))
    this.#follow(0)
    const asking = setInterval(() => this.#attempt(() => this.#readQuestions()), ASK_INTERVAL_MS)
    asking.unref()
    this.#cancel.push(() => clearInterval(asking))
    const { max_lifetime_ms } = intent.limits
    if (max_lifetime_ms !== null) this.#cancel.push(after(max_lifetime_ms, () => this.stop('max_lifetime')))
    // Whoever asked between the claim and now could not reach anybody.
    this.ask()
  }

  /**
   * Claims the run by `owner.json`, starts its main process and records it.
   * @throws StartFailed where nothing runs: somebody else's claim won, the run was asked to stop before, the program
   *   cannot be executed, or the disk refuses a record
   */
  static async start(options: OwnerOptions): Promise<OwnedRun> {
    return new OwnedRun(options, await startMain(options))
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
    if (this.#ending) return
    const { root, intent } = this.#options
    let standing: Request | null = null
    try {
      publishStop(root, 'stop', { run_id: this.run_id, cause, grace_ms })
      standing = requestToStop(root, intent)
    } catch {
      // A full or vanished disk must not keep a process alive; the end record carries the cause.
    }
    this.#obey(standing ?? { cause, grace_ms })
  }

  /** KILL at once instead of the rest of the grace. */
  force(): void {
    this.#force.abort()
  }

  /** Reads `stop.json` and `force.json` now: what SIGUSR2 asks for. Never throws. */
  ask(): void {
    this.#attempt(() => this.#readQuestions())
  }

  /** Something of the owner's process failed where nobody handled it; the end record tells. */
  noteFault(thrown: unknown): void {
    this.#fault ??= thrownError('OWNER_FAULT', thrown)
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.noteFault(error)
    }
  }

  #readQuestions(): void {
    const { root, intent } = this.#options
    if (isForced(root, this.run_id)) this.force()
    if (this.#ending) return
    const request = requestToStop(root, intent)
    if (request) {
      this.#obey(request)
      return
    }
    // With its records a run would lose everybody who could find or stop it.
    this.#gone_looks = areRecordsGone(root, this.run_id) ? this.#gone_looks + 1 : 0
    if (this.#gone_looks >= GONE_LOOKS) this.#end(intent.limits.grace_ms)
  }

  #obey(request: Request): void {
    if (this.#ending) return
    this.#stop = request
    this.#end(request.grace_ms)
  }

  #follow(step: number): void {
    clearTimeout(this.#look_timer)
    const wait = nextLookMs(step, this.#look_cost_ms, this.#exit !== null)
    this.#look_timer = setTimeout(() => this.#look(step), wait)
    this.#look_timer.unref()
  }

  /** What is seen gets into the journal; a run whose main process has gone is over as soon as nobody of it is left. */
  #look(step: number): void {
    if (this.#ending) return
    const started = monotonicMs()
    this.#attempt(() => {
      const { members } = this.#tracking.look()
      if (this.#exit && members.length === 0) this.#end(this.#options.intent.limits.grace_ms)
    })
    this.#look_cost_ms = monotonicMs() - started
    this.#follow(step + 1)
  }

  #mainExited(exit: MainExit): void {
    this.#exit = exit
    if (this.#options.end_leftovers) this.#end(this.#options.intent.limits.grace_ms)
    else this.#look(0)
  }

  #end(grace_ms: number): void {
    this.#ending ??= this.#endTree(grace_ms)
  }

  async #endTree(grace_ms: number): Promise<void> {
    const { root, intent } = this.#options
    // Runs that were started inside this one have owners of their own; a run that ended by itself leaves them be.
    const nested = this.#stop ? endNested(root, intent.run_id, grace_ms, this.#force.signal) : []
    const { survivors } = await this.#untilSeen(grace_ms)
    const nested_survivors = await nested
    const main_survives = survivors.some(({ identity }) => identity.pid === this.main.pid)
    const exit = main_survives ? this.#exit : await this.exited
    await this.#cap?.close()
    await this.#record(exit, survivors, nested_survivors)
  }

  /** Tries until the host can be asked: what was not seen to have ended is not said to have. */
  async #untilSeen(grace_ms: number): Promise<EndedTree> {
    for (;;) {
      try {
        return await endTree({
          tracking: this.#tracking,
          grace_ms,
          force: this.#force.signal,
          on_term: member => this.#termed.add(member.identity.pid),
          on_kill: member => this.#killed.add(member.identity.pid),
        })
      } catch (error) {
        this.noteFault(error)
        await pause(BLIND_RETRY_MS)
      }
    }
  }

  async #record(
    exit: MainExit | null,
    survivors: readonly Member[],
    nested: RunEnd['survivors'],
  ): Promise<void> {
    clearTimeout(this.#look_timer)
    for (const cancel of this.#cancel) cancel()
    const leftovers = this.#tracking.last.marked_only
    const end = endRecord(this.run_id, {
      exit_code: exit?.exit_code ?? null,
      signal: exit?.signal ?? null,
      exit_reason: exit ? exitReason(exit, this.#killed.has(this.main.pid)) : null,
      stop_cause: this.#causeOnRecord(),
      reconcile_reason: exit ? null : 'main_survives',
      started_at: this.#started_at,
      main_exited_at: exit?.at ?? null,
      error: this.#fault,
      descendants_killed: this.#endedDescendants(survivors),
      survivors: [...describeProcesses(survivors), ...nested],
      leftovers: describeProcesses(leftovers),
    })
    const recorded = await this.#publish(end)
    if (recorded && end.survivors.length === 0 && end.leftovers.length === 0)
      leaveLive(this.#options.root, this.run_id)
    this.#resolve_ended(end)
  }

  /** A request that could be seen but not read when it came may be readable by now. */
  #causeOnRecord(): StopCause | null {
    const { root, intent } = this.#options
    return this.#stop && (this.#stop.cause ?? requestToStop(root, intent)?.cause ?? null)
  }

  /** How many processes beside the main one got a signal of ours and are gone. */
  #endedDescendants(survivors: readonly Member[]): number {
    const pids = new Set([...this.#termed, ...this.#killed])
    for (const pid of [this.main.pid, ...survivors.map(({ identity }) => identity.pid)]) pids.delete(pid)
    return pids.size
  }

  /** @returns false where there is nowhere to say it: the run's directory was removed, or the disk became read-only */
  async #publish(end: RunEnd): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        this.#started.reservation.publish(end, shortened)
        return true
      } catch (error) {
        const hopeless = ['ENOENT', 'EROFS'].includes(errnoOf(error) ?? '')
        if (hopeless || tries >= END_TRIES) {
          this.#started.reservation.release()
          return false
        }
        await pause(END_RETRY_MS)
      }
    }
  }
}

function exitReason(exit: MainExit, killed: boolean): ExitReason {
  if (exit.signal === null) return 'natural'
  return killed && exit.signal === 'SIGKILL' ? 'forced_kill' : 'signal'
}
