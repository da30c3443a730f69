/**
 * The stop of a session: TERM to all its runs at once, one deadline, KILL, and nothing is said before nothing of it is
 * left, neither of its runs nor of ours. Those who stop it at the same time do it together and say the same.
 */
import { statSync } from 'node:fs'
import type { SessionStopped } from '../../schemas/generated/types.js'
import { monotonicMs } from '../process/clock.js'
import type { ProcessIdentity } from '../process/identity.js'
import { signalProcess } from '../process/signal.js'
import type { StateRoot } from '../store/state-root.js'
import { allRunIds, liveRunIds } from './find.js'
import { refreshPidFile } from './pid-file.js'
import { type RunIntent, readEnd, readIntent, readOwner, recordPath } from './records.js'
import { StoppingMark } from './session.js'
import { SessionResources } from './session-resources.js'
import {
  isStopRecorded,
  publishStopped,
  readStopped,
  recordedAt,
  recordedStops,
  type StopName,
} from './session-stopped.js'
import { type StopOptions, stopRuns } from './stop.js'
import type { StopResult } from './stop-result.js'
import { untilGone } from './until-gone.js'

export type SessionStopOptions = Pick<StopOptions, 'grace_ms' | 'force'>

export interface SessionStopResult {
  /** Whether nothing of the session was found alive, and `session_stopped` was said. */
  readonly session_stopped: boolean
  /** One a run, sorted by id. */
  readonly stopped: readonly StopResult[]
}

/** Whether a run was ever recorded in the session. */
export function isSessionKnown(root: StateRoot, session_id: string): boolean {
  return (
    liveRunIds(root).some(run_id => isOf(root, run_id, session_id)) ||
    allRunIds(root).some(run_id => isOf(root, run_id, session_id)) ||
    recordedStops(root, session_id).length > 0
  )
}

export class SessionStop {
  readonly #root: StateRoot
  readonly #session_id: string
  readonly #options: SessionStopOptions
  readonly #mark: StoppingMark
  readonly #results = new Map<string, StopResult>()
  readonly #resources: SessionResources
  readonly #kinds = new Map<string, RunIntent['kind']>()
  readonly #deadline: number

  /** From now on no run starts in the session. @throws NodeJS.ErrnoException where the mark cannot be read or set */
  constructor(root: StateRoot, session_id: string, options: SessionStopOptions) {
    this.#root = root
    this.#session_id = session_id
    this.#options = options
    this.#resources = new SessionResources(root, session_id)
    this.#deadline = monotonicMs() + options.grace_ms
    this.#mark = new StoppingMark(root, session_id, options.grace_ms)
  }

  /** Lets runs start in the session again. Harmless where that was done already. */
  release(): void {
    this.#mark.remove()
  }

  /** @throws what failed for one of the runs, after all others were stopped */
  async run(): Promise<SessionStopResult> {
    try {
      const others = await this.#endRuns()
      if (others) return together(others, this.#results)
      const stopped = this.#sorted()
      const is_done = stopped.every(isEnded) && (await this.#closeResources(stopped))
      if (!is_done) return { session_stopped: false, stopped }
      const said = this.#say([...stopped, ...this.#endedByOthers()])
      return said ? together(said, this.#results) : { session_stopped: true, stopped }
    } finally {
      this.release()
      // Without the mark in it the session's directory can go.
      await refreshPidFile(this.#root, this.#session_id)
    }
  }

  /** @returns what somebody else said of this stop meanwhile: then it is over, and what lives now came after it */
  async #endRuns(): Promise<SessionStopped | null> {
    for (;;) {
      const name = this.#name()
      if (isStopRecorded(this.#root, name)) return readStopped(this.#root, name)
      this.#mark.renew()
      // A start that was under way when the session was marked shows up in a later look.
      const next = liveRunIds(this.#root).filter(run_id => !this.#results.has(run_id) && this.#isOurs(run_id))
      if (next.length === 0) return null
      const grace_ms = Math.max(0, Math.ceil(this.#deadline - monotonicMs()))
      const options = { cause: 'session_stop', grace_ms, force: this.#options.force } as const
      for (const result of await stopRuns(this.#root, next, options)) this.#results.set(result.run_id, result)
    }
  }

  /** What had ended since the stop began when we joined it: those who began it waited for it. */
  #endedByOthers(): StopResult[] {
    const began_ms = Date.parse(this.#mark.requested_at)
    const ids = allRunIds(this.#root).filter(run_id => !this.#results.has(run_id))
    return ids.flatMap(run_id => {
      const file = statSync(recordPath(this.#root, run_id, 'end'), { throwIfNoEntry: false })
      // The clock of the disk may lag behind by a tick.
      if (!file || file.mtimeMs < began_ms - 1_000 || !isOf(this.#root, run_id, this.#session_id)) return []
      const end = readEnd(this.#root, run_id)
      if (end.state !== 'ok') return []
      const { exit_reason, stop_cause, ended_at } = end.record
      const waited_ms = Date.parse(ended_at) - began_ms
      if (waited_ms < 0) return []
      const outcome = stop_cause === 'session_stop' ? ('stopped' as const) : ('already_ended' as const)
      return [{ run_id, outcome, exit_reason, stop_cause, waited_ms, survivors: [] }]
    })
  }

  /** A session that was stopped before, and in which nothing has started since, is not said to be stopped again. */
  #say(stopped: readonly StopResult[]): SessionStopped | null {
    const name = this.#name()
    if (stopped.length === 0 && this.#isSaid()) return null
    try {
      return publishStopped(this.#root, name, stopped.map(asRecorded))
    } catch {
      // A full disk: nothing is alive all the same, and that is what the caller asked for.
      return null
    }
  }

  #isSaid(): boolean {
    const moments = recordedStops(this.#root, this.#session_id).flatMap(
      name => recordedAt(this.#root, name) ?? [],
    )
    if (moments.length === 0) return false
    const latest = Math.max(...moments)
    return !allRunIds(this.#root).some(run_id => {
      const intent = readIntent(this.#root, run_id)
      if (intent.state !== 'ok' || intent.record.session_id !== this.#session_id) return false
      return Date.parse(intent.record.created_at) > latest
    })
  }

  /**
   * The processes that held the runs first, then what they had in common.
   * @returns whether nothing of that was found alive
   */
  async #closeResources(stopped: readonly StopResult[]): Promise<boolean> {
    const holders = stopped.flatMap(({ run_id }) => this.#holdersOf(run_id))
    // Shims and guards end a moment after they recorded the end.
    const lingering = await untilGone(holders)
    for (const holder of lingering) signalProcess(holder, 'SIGKILL')
    const is_closed = await this.#resources.close()
    const left = await untilGone(lingering)
    return is_closed && left.length === 0
  }

  /** Whether a run is of the session; of one that is, what has to be known of it to stop it is kept. */
  #isOurs(run_id: string): boolean {
    const intent = readIntent(this.#root, run_id)
    if (intent.state !== 'ok' || intent.record.session_id !== this.#session_id) return false
    const { kind, terminal } = intent.record
    this.#kinds.set(run_id, kind)
    if (terminal) this.#resources.note()
    return true
  }

  /** Who holds a background run. The owner of a tracked child is the call that wanted it, and goes on. */
  #holdersOf(run_id: string): ProcessIdentity[] {
    if (this.#kinds.get(run_id) !== 'background') return []
    const owner = readOwner(this.#root, run_id)
    return owner.state === 'ok' ? [owner.record.owner, owner.record.guard].flatMap(it => it ?? []) : []
  }

  #sorted(): StopResult[] {
    return [...this.#results.values()].sort(byId)
  }

  #name(): StopName {
    return { stop_id: this.#mark.stop_id, session_id: this.#session_id }
  }
}

const byId = (a: { readonly run_id: string }, b: { readonly run_id: string }): number =>
  a.run_id < b.run_id ? -1 : 1

const isEnded = ({ outcome }: StopResult): boolean => outcome === 'stopped' || outcome === 'already_ended'

const asRecorded = (result: StopResult): SessionStopped['stopped'][number] => ({
  run_id: result.run_id,
  outcome: result.outcome === 'stopped' ? 'stopped' : 'already_ended',
  exit_reason: result.exit_reason,
  stop_cause: result.stop_cause,
  waited_ms: result.waited_ms,
})

/** All who made a stop answer with what was said of it, and with what else they ended themselves. */
function together({ stopped }: SessionStopped, own: ReadonlyMap<string, StopResult>): SessionStopResult {
  const said = stopped.map(result => ({ ...result, survivors: [] }))
  const ids = new Set(said.map(({ run_id }) => run_id))
  const more = [...own.values()].filter(({ run_id }) => !ids.has(run_id))
  const all = [...said, ...more].sort(byId)
  return { session_stopped: more.every(isEnded), stopped: all }
}

function isOf(root: StateRoot, run_id: string, session_id: string): boolean {
  const intent = readIntent(root, run_id)
  return intent.state === 'ok' && intent.record.session_id === session_id
}
