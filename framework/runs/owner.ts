/**
 * The owner of a run: starts the main process, follows the tree, keeps the time, ends the tree, writes the end.
 * One implementation, used by the shim (background processes) and by an invocation (tracked children, and a program in
 * the foreground). What fails in it while the run lives is noted and tried again: an owner that gave up would take the run with it.
 */
import { AbortOnDemand } from '../process/abort-on-demand.js'
import { after } from '../process/clock.js'
import { commonLooks } from '../process/common-looks.js'
import type { ProcessIdentity } from '../process/identity.js'
import { leftAlone, type Member } from '../process/tracking.js'
import { type Aftermath, awaitDescendants, type DescendantsWait } from './await-descendants.js'
import { describeProcesses, endRecord, journalUnlisted, thrownError } from './end-record.js'
import { dismisses, handOn } from './hand-on.js'
import { leaveLive, stayLive } from './intent.js'
import { LastLook } from './last-look.js'
import { LogCap } from './log-cap.js'
import { nextLookMs } from './look-schedule.js'
import type { Streams } from './main-child.js'
import { exitReason, type MainExit, reconcileReason } from './main-exit.js'
import { NestedEnding } from './nested.js'
import { publishReserved } from './publish-end.js'
import { areRecordsGone, causeOf, isForced, type Request, requestToStop } from './questions.js'
import { logPath, publishStop, type RunEnd, type RunOwner, type StopCause } from './records.js'
import { showingLife } from './sign-of-life.js'
import { type OwnerOptions, type StartedMain, startMain } from './start-main.js'
import { TreeEnding } from './tree-ending.js'

export type { MainExit } from './main-exit.js'
export { StartFailed } from './start-failed.js'
export type { OwnerOptions } from './start-main.js'

/** The questions in files are also read without a signal, so often, in ms. */
const ASK_INTERVAL_MS = 1_000
/** How often in a row the run's directory is missing before it counts as removed. */
const GONE_LOOKS = 3

/** A run of ours that was started: `exited` and `ended` each settle once, for any number of waiters. */
export class OwnedRun {
  readonly main: ProcessIdentity
  readonly streams: Streams
  readonly exited: Promise<MainExit>
  readonly ended: Promise<RunEnd>
  readonly #options: OwnerOptions
  readonly #started: StartedMain
  readonly #tracking: LastLook
  readonly #force = new AbortOnDemand()
  readonly #started_at = new Date().toISOString()
  readonly #cap: LogCap | null
  readonly #cancel: (() => void)[] = []
  readonly #tree_ending: TreeEnding
  /** Fires when the run is being ended: nobody waits for anything else any more. */
  readonly #over = new AbortOnDemand()
  #look_timer: NodeJS.Timeout | undefined
  #look_cost_ms = 0
  #is_followed = true
  #exit: MainExit | null = null
  #stop: Request | null = null
  #aftermath: Aftermath | null = null
  #ending: Promise<void> | null = null
  #gone_looks = 0
  #fault: RunEnd['error'] = null
  #resolve_ended: (end: RunEnd) => void = () => {}

  private constructor(options: OwnerOptions, started: StartedMain) {
    this.#options = options
    this.#started = started
    this.#tracking = new LastLook(started.tracking)
    this.#tree_ending = new TreeEnding(options, this.#tracking, error => this.noteFault(error))
    this.streams = started.streams
    this.main = started.main
    this.exited = started.exited
    this.ended = new Promise(resolve => {
      this.#resolve_ended = resolve
    })
    const { root, intent } = options
    const { log_max_bytes } = intent.limits
    this.#cap = log_max_bytes > 0 ? new LogCap(logPath(root, intent.run_id), log_max_bytes) : null
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

  /** How the run is followed, as its records say it. */
  get tracking(): NonNullable<RunOwner['tracking']> {
    const { method, complete } = this.#started.tracking
    return { method, complete }
  }

  /** What the main process left behind; null where nobody waited for its descendants. */
  get aftermath(): Aftermath | null {
    return this.#aftermath
  }

  /**
   * Hands on a signal that its owner got, once, to all of the run as it is now: what is started later, by a program
   * that tidies up, is left alone. TERM, INT and HUP tell the program to go: if it is there after its grace the whole
   * tree gets KILL, and what its end leaves behind is ended too.
   */
  forward(signal: NodeJS.Signals): void {
    if (this.#ending) {
      if (signal === 'SIGINT') this.force()
    } else if (this.#exit) {
      if (dismisses(signal)) this.stop('parent_signal')
    } else {
      this.#attempt(() => handOn(signal, this.main, this.#tracking))
      if (dismisses(signal)) this.dismissed()
    }
  }

  /** The program has been told to go, by somebody else perhaps: its grace begins. */
  dismissed(): void {
    if (this.#stop) return
    const { grace_ms } = this.#options.intent.limits
    this.#stop = { cause: 'parent_signal', grace_ms }
    this.#cancel.push(after(grace_ms, () => this.force()))
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
    // Told to go by a signal, it is not being ended before it has had its grace.
    if (this.#stop) this.#end(0)
  }

  /** Reads `stop.json` and `force.json` now: what SIGUSR2 asks for. Never throws. */
  ask(): void {
    this.#attempt(() => this.#readQuestions())
  }

  /** Something of the owner's process failed where nobody handled it; the end record tells. */
  noteFault(thrown: unknown): void {
    this.#fault ??= thrownError('OWNER_FAULT', thrown)
  }

  /** @returns null where it failed */
  #attempt<T>(work: () => T): T | null {
    try {
      return work()
    } catch (error) {
      this.noteFault(error)
      return null
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
    if (this.#gone_looks === 0) stayLive(root, this.run_id)
    if (this.#gone_looks >= GONE_LOOKS) this.#end(intent.limits.grace_ms)
  }

  #obey(request: Request): void {
    if (this.#ending) return
    this.#stop ??= request
    this.#end(request.grace_ms)
  }

  #follow(step: number): void {
    clearTimeout(this.#look_timer)
    const wait = nextLookMs(step, this.#look_cost_ms, this.#exit !== null)
    this.#look_timer = setTimeout(() => void this.#look(step), wait)
    this.#look_timer.unref()
  }

  /** What is seen gets into the journal; a run whose main process has gone is over as soon as nobody of it is left. */
  async #look(step: number): Promise<void> {
    if (this.#ending) return
    try {
      const { tree, cost_ms } = await commonLooks.look(this.#tracking, this.#exit !== null)
      this.#look_cost_ms = cost_ms
      // Asked for before the main process ended, and somebody else waits for its descendants by now.
      if (!this.#is_followed) return
      if (this.#exit && tree.members.length === 0) this.#end(this.#options.intent.limits.grace_ms)
    } catch (error) {
      this.noteFault(error)
    }
    if (!this.#ending && this.#is_followed) this.#follow(step + 1)
  }

  #mainExited(exit: MainExit): void {
    this.#exit = exit
    const { leftovers, intent } = this.#options
    if (leftovers === 'end' || this.#stop) this.#end(intent.limits.grace_ms)
    else if (leftovers === 'follow') void this.#look(0)
    else void this.#awaitDescendants(leftovers)
  }

  async #awaitDescendants({ wait_ms, leftovers }: DescendantsWait): Promise<void> {
    this.#is_followed = false
    clearTimeout(this.#look_timer)
    const failed = (error: unknown): void => this.noteFault(error)
    const { left, undecided, ...waited } = await awaitDescendants(this.#tracking, wait_ms, this.#over, failed)
    this.#aftermath = { ...waited, remaining: describeProcesses([...left, ...undecided]) }
    if (this.#ending) return
    if (leftovers === 'end' && this.#aftermath.remaining.length > 0)
      this.#end(this.#options.intent.limits.grace_ms)
    else this.#ending = this.#finish([], this.#aftermath.remaining)
  }

  #end(grace_ms: number): void {
    this.#over.abort()
    this.#ending ??= this.#endTree(grace_ms)
  }

  async #endTree(grace_ms: number): Promise<void> {
    const { root, intent } = this.#options
    // Runs that were started inside this one have owners of their own; a run that ended by itself leaves them be.
    const nested = this.#stop && new NestedEnding(root, intent.run_id, { grace_ms, force: this.#force })
    const survivors = await this.#tree_ending.end(grace_ms, this.#force)
    const nested_survivors = await showingLife(root, intent.run_id, async () => nested?.survivors() ?? [])
    const main_survives = survivors.some(({ identity }) => identity.pid === this.main.pid)
    // Who traces it may keep it from telling how it ended.
    if (!main_survives) await showingLife(root, intent.run_id, () => this.exited)
    const leftovers = this.#attempt(() => describeProcesses(leftAlone(this.#tracking.last)))
    await this.#finish(survivors, leftovers ?? [], nested_survivors)
  }

  /** The last of the run: its end is recorded, and told. */
  async #finish(
    survivors: readonly Member[],
    leftovers: RunEnd['leftovers'],
    nested: RunEnd['survivors'] = [],
  ): Promise<void> {
    clearTimeout(this.#look_timer)
    for (const cancel of this.#cancel) cancel()
    await this.#options.drain?.()
    await this.#cap?.close()
    const exit = this.#exit
    const end = endRecord(this.run_id, {
      exit_code: exit?.exit_code ?? null,
      signal: exit?.signal ?? null,
      exit_reason: exit ? exitReason(exit, this.#tree_ending.wasKilled(this.main.pid)) : null,
      stop_cause: this.#stop && causeOf(this.#stop, this.#options.root, this.#options.intent),
      reconcile_reason: reconcileReason(exit),
      started_at: this.#started_at,
      main_exited_at: exit?.at ?? null,
      error: this.#fault,
      descendants_killed: this.#tree_ending.endedDescendants(this.main.pid, survivors),
      survivors: [...describeProcesses(survivors), ...nested],
      leftovers,
    })
    this.#attempt(() => journalUnlisted(this.#started.journal, end, this.#tracking.last))
    const recorded = await publishReserved(this.#options.root, this.#started.reservation, end)
    // Where there is no record of it any more nobody else could tell that it has ended.
    const is_told = recorded || areRecordsGone(this.#options.root, this.run_id)
    if (is_told && end.survivors.length === 0 && end.leftovers.length === 0)
      leaveLive(this.#options.root, this.run_id)
    this.#resolve_ended(end)
  }
}
