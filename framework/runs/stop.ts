/** Stopping runs from outside: ask each owner, wait for the end records, and act only where no owner can. */
import { existsSync } from 'node:fs'
import { monotonicMs, pause } from '../process/clock.js'
import { type ProcessIdentity, sameProcess, self } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { signalProcess } from '../process/signal.js'
import type { StateRoot } from '../store/state-root.js'
import { endLeftovers } from './end-leftovers.js'
import { endLostRun } from './end-lost-run.js'
import { leaveLive } from './intent.js'
import { wasLeftAlone } from './left-behind.js'
import { abandon, recordReboot } from './lost.js'
import { hasEnded, isThere, publishStop, type RunEnd, type StopCause } from './records.js'
import { OwnerWatch } from './sign-of-life.js'
import { type Ended, isNameAlone, isUntold, leftoversOf, type RunView, viewEnd, viewRun } from './status.js'
import type { StopOutcome, StopResult } from './stop-result.js'

export interface StopOptions {
  readonly cause: StopCause
  /** TERM to KILL, in milliseconds. */
  readonly grace_ms: number
  /** KILL at once, and past an owner that does not answer. */
  readonly force: boolean
}

const POLL_MS = 10
/** Between two looks at whether anybody is left who could write the end record. */
const HOLDER_LOOK_MS = 100
/** How long an owner may take to find that its records are displaced, in ms; from then on it shows that it is at it. */
const UNKNOWN_OWNER_MS = 3_000

/**
 * Stops runs, all at once and with one deadline. Joins a stop that is under way.
 * @returns one result a run, in the order given; never says `stopped` before the whole tree was seen gone
 * @throws what failed for one of them, after all others were stopped
 */
export async function stopRuns(
  root: StateRoot,
  run_ids: readonly string[],
  options: StopOptions,
): Promise<StopResult[]> {
  const started = monotonicMs()
  // All are asked before the first is waited for.
  const stops = run_ids.map(run_id => new Stop(root, run_id, options, started)).map(stop => stop.begin())
  const settled = await Promise.allSettled(stops)
  return settled.map(outcome => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}

type Asked = 'published' | 'exists' | 'impossible'

class Stop {
  readonly #root: StateRoot
  readonly #run_id: string
  readonly #options: StopOptions
  readonly #started: number

  constructor(root: StateRoot, run_id: string, options: StopOptions, started: number) {
    this.#root = root
    this.#run_id = run_id
    this.#options = options
    this.#started = started
  }

  /** Asks before its first pause, so that of many runs each has been asked when the first is waited for. */
  async begin(): Promise<StopResult> {
    const root = this.#root
    const view = viewRun(root, this.#run_id)
    if (view.owner_state === 'foreign') return this.#result(view, 'foreign')
    if (view.owner_state === 'unknown') return this.#askUnknown(view)
    if (isUntold(view)) return this.#result(view, 'already_ended')
    if (view.end) return this.#endLeftovers(view)
    if (isNewer(view)) return this.#askInWriting(view)
    if (view.reconcile_reason === 'reboot') {
      recordReboot(root, this.#run_id)
      return this.#result(viewRun(root, this.#run_id), 'already_ended')
    }
    const is_given_up = view.reconcile_reason === 'abandoned'
    const asked = is_given_up ? 'exists' : this.#ask()
    const claimed = (view.owner || view.main) && !is_given_up ? 'owned' : this.#claimForNobody(is_given_up)
    // An older request than ours stands, and with it its grace.
    const is_known = isHeld(view) && view.owner !== null && asked === 'published'
    if (claimed === 'owned') return this.#proceed(asked, is_known ? view : viewRun(root, this.#run_id))
    const is_ours = claimed === 'abandoned' && !is_given_up
    return this.#result(viewRun(root, this.#run_id), is_ours ? 'stopped' : 'already_ended')
  }

  /** The run has an owner, or had one. */
  async #proceed(asked: Asked, view: RunView): Promise<StopResult> {
    if (view.end) return this.#ended(view)
    if (isHeld(view)) {
      this.#nudge(view, asked)
      return this.#waitForEnd(view)
    }
    return this.#endLost(view, asked)
  }

  #ask(): Asked {
    const { cause, grace_ms, force } = this.#options
    // An owner may read the one before the other is there: TERM would take the program from the head of its group, and
    // what forks on there could not be ended as one any more.
    const request = { run_id: this.#run_id, cause, grace_ms: force ? 0 : grace_ms }
    try {
      const published = publishStop(this.#root, 'stop', request)
      if (force) publishStop(this.#root, 'force', request)
      return published
    } catch {
      return 'impossible'
    }
  }

  /**
   * Nobody has claimed the run yet: whoever is about to loses the claim to us, and starts nothing.
   * @returns `owned` where somebody was faster, and the run is theirs; `gone` where there are no records of it
   */
  #claimForNobody(is_given_up: boolean): 'abandoned' | 'owned' | 'gone' {
    try {
      return abandon(this.#root, this.#run_id, is_given_up ? null : this.#options.cause)
    } catch {
      // The disk takes no claim, neither ours nor an owner's; or `live/` alone still names the run.
      if (existsSync(this.#root.run(this.#run_id))) return is_given_up ? 'gone' : 'owned'
      leaveLive(this.#root, this.#run_id)
      return 'gone'
    }
  }

  /** Wakes the owner. Where no request could be written (a full disk), TERM is the request that needs no space. */
  #nudge(view: RunView, asked: Asked): void {
    const owner = view.owner?.owner
    if (owner) signalProcess(owner, asked === 'impossible' ? 'SIGTERM' : 'SIGUSR2')
  }

  /** A newer version's run: its owner reads our request, but what its records mean is not ours to act on. */
  async #askInWriting(view: RunView): Promise<StopResult> {
    if (hasEnded(this.#root, this.#run_id)) return this.#result(view, 'already_ended')
    this.#ask()
    const watch = this.#watch(view)
    while (!hasEnded(this.#root, this.#run_id)) {
      if (watch.isHung()) {
        const seen = viewRun(this.#root, this.#run_id)
        return this.#result(seen, isHeld(seen) ? 'owner_hung' : 'unknown')
      }
      await pause(POLL_MS)
    }
    return this.#result(viewRun(this.#root, this.#run_id), 'stopped')
  }

  /**
   * No record tells who holds it. Its owner finds the request, or its directory gone, and ends it; nobody else could
   * tell what to end.
   */
  async #askUnknown(first: RunView): Promise<StopResult> {
    // Whom no request can reach begins by himself.
    const grace_ms = this.#ask() === 'impossible' ? 0 : this.#options.grace_ms
    const watch = new OwnerWatch(this.#root, first, grace_ms + UNKNOWN_OWNER_MS)
    for (;;) {
      const view = viewRun(this.#root, this.#run_id)
      if (view.end) return this.#ended(view)
      if (view.owner_state === 'none') return this.#result(view, 'stopped')
      if (view.owner_state !== 'unknown') return this.#proceed('exists', view)
      if (watch.isHung()) {
        if (!isNameAlone(this.#root, view)) return this.#result(view, 'unknown')
        leaveLive(this.#root, this.#run_id)
        return this.#result(view, 'already_ended')
      }
      await pause(POLL_MS)
    }
  }

  async #waitForEnd(view: RunView): Promise<StopResult> {
    const watch = this.#watch(view)
    let look_at = monotonicMs() + HOLDER_LOOK_MS
    let ended = this.#end()
    while (!ended) {
      const now = monotonicMs()
      if (watch.isHung()) return this.#outOfPatience()
      if (now >= look_at) {
        look_at = now + HOLDER_LOOK_MS
        const seen = isOwnerAlive(view) ? view : viewRun(this.#root, this.#run_id)
        // Owner and guard died on the way, or ended the run on a disk that did not take the record.
        if (!seen.end && !isHeld(seen)) return this.#endLost(seen, 'exists')
      }
      await pause(POLL_MS)
      ended = this.#end()
    }
    return this.#ended(ended)
  }

  /** Its end, once it stands, and nothing else is to be read; or all of it, where a newer version wrote the end. */
  #end(): Ended | null {
    if (!isThere(this.#root, this.#run_id, 'end')) return null
    const ended = viewEnd(this.#root, this.#run_id)
    return ended ?? (hasEnded(this.#root, this.#run_id) ? viewRun(this.#root, this.#run_id) : null)
  }

  /** The first request stands, and with it its grace. */
  #watch(view: RunView): OwnerWatch {
    const { stop, owner_state, intent, main } = view
    const { force, grace_ms } = this.#options
    // A guard, or the owner of a run whose program has gone, may have begun before anybody asked.
    const has_begun = owner_state === 'guard' || (main !== null && look(main.main) !== 'alive')
    const begun_grace = has_begun ? (intent?.limits.grace_ms ?? 0) : 0
    const grace = force ? 0 : Math.max(grace_ms, stop?.grace_ms ?? 0, begun_grace)
    return new OwnerWatch(this.#root, view, grace)
  }

  async #outOfPatience(): Promise<StopResult> {
    const view = viewRun(this.#root, this.#run_id)
    if (view.end) return this.#ended(view)
    if (isHeld(view) && !this.#options.force) return this.#result(view, 'owner_hung')
    return this.#endOurselves(view)
  }

  /** Owner and guard are gone. Who linked the request does the work; the others wait, as long as that one lives. */
  async #endLost(view: RunView, asked: Asked): Promise<StopResult> {
    const asker = view.stop?.asker
    const watch = this.#watch(view)
    while (asked === 'exists' && asker && !sameProcess(asker, self()) && look(asker) === 'alive') {
      const seen = viewRun(this.#root, this.#run_id)
      if (seen.end) return this.#ended(seen)
      if (watch.isHung()) break
      await pause(POLL_MS)
    }
    return this.#endOurselves(viewRun(this.#root, this.#run_id))
  }

  async #endOurselves(view: RunView): Promise<StopResult> {
    if (view.end) return this.#ended(view)
    const { cause, grace_ms, force } = this.#options
    const owner = view.owner?.owner
    const { end } = await endLostRun(this.#root, view, {
      cause,
      grace_ms: force ? 0 : grace_ms,
      ...(owner && look(owner) === 'alive' ? { past: owner } : {}),
    })
    return this.#endedAs(end)
  }

  /** A run that has ended may have left processes behind; they are ended with what they have started since. */
  async #endLeftovers(view: RunView): Promise<StopResult> {
    const { force, grace_ms } = this.#options
    const left = await endLeftovers(this.#root, view, force ? 0 : grace_ms)
    if (!left) {
      leaveLive(this.#root, this.#run_id)
      return this.#result(view, 'already_ended')
    }
    const { end } = viewRun(this.#root, this.#run_id)
    const { survivors, left_alone } = left
    if (survivors.length + left_alone.length > 0)
      return this.#answer('survivors', end, [...survivors, ...left_alone], one =>
        left_alone.some(({ identity }) => sameProcess(identity, one)),
      )
    leaveLive(this.#root, this.#run_id)
    return this.#answer('stopped', end, [])
  }

  #ended(view: Ended): StopResult {
    return this.#result(view, view.leftovers.length > 0 ? 'survivors' : 'stopped')
  }

  /** As `#ended`, for an end that the disk may not have taken. */
  #endedAs(end: RunEnd): StopResult {
    const alive = leftoversOf(this.#root, end)
    return this.#answer(alive.length > 0 ? 'survivors' : 'stopped', end, alive)
  }

  #result(view: Ended, outcome: StopOutcome): StopResult {
    return this.#answer(outcome, view.end, view.leftovers)
  }

  #answer(
    outcome: StopOutcome,
    end: RunEnd | null,
    alive: RunEnd['survivors'],
    isLeftAlone = (one: ProcessIdentity): boolean => end !== null && wasLeftAlone(end, one),
  ): StopResult {
    return {
      run_id: this.#run_id,
      outcome,
      exit_reason: end?.exit_reason ?? null,
      stop_cause: end?.stop_cause ?? null,
      waited_ms: Math.round(monotonicMs() - this.#started),
      survivors: alive.map(({ identity, cmd }) => ({
        pid: identity.pid,
        cmd,
        tried: !isLeftAlone(identity),
      })),
    }
  }
}

/** A tenth of what a look at all records takes, which of a hundred runs keeps one core busy. */
const isOwnerAlive = ({ owner }: RunView): boolean => !!owner?.owner && look(owner.owner) === 'alive'

const isHeld = ({ owner_state }: RunView): boolean => owner_state === 'alive' || owner_state === 'guard'

const isNewer = ({ damaged }: RunView): boolean => damaged.some(({ state }) => state === 'newer')
