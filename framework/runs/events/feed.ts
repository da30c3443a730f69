/**
 * All events of a state root, or of one session, from its records: read once for what has happened, again and again
 * for what happens. Nothing is watched by the kernel (a user has 128 inotify instances), nothing is written.
 */
import type { StateRoot } from '../../store/state-root.js'
import { allRunIds, liveRunIds } from '../find.js'
import { isThere, readIntent, readMain } from '../records.js'
import { readStopped, recordedStops, type StopName } from '../session-stopped.js'
import type { Event } from './event.js'
import { RunWatch } from './run-watch.js'

export interface FeedOptions {
  /** Null for all sessions. */
  readonly session_id: string | null
  /**
   * `history`: all that is on record. `live`: of the runs that live, and all that comes. `session`: what is on record of
   * the session since its last stop, or until that stop where nothing has begun since; and all that comes.
   */
  readonly from: 'history' | 'live' | 'session'
}

export interface Look {
  /** In the order of their time; those of one run in their own order, whatever the clock did. */
  readonly events: readonly Event[]
  /** The session that is followed was stopped: `session_stopped` is the last event. */
  readonly is_over: boolean
}

interface Stopped extends StopName {
  readonly stopped_at_ms: number
  readonly event: Event
}

export class EventFeed {
  readonly #root: StateRoot
  readonly #options: FeedOptions
  readonly #watches = new Map<string, RunWatch>()
  /** Runs that somebody looks at, or that count as the past. */
  #known = new Set<string>()
  #known_stops = new Set<string>()
  /** The time of the last event of each run, so that none comes before it. */
  readonly #moments = new Map<string, number>()

  constructor(root: StateRoot, options: FeedOptions) {
    this.#root = root
    this.#options = options
    if (options.from === 'live') this.#skipPast()
    if (options.from === 'session') this.#skipEarlierLives()
  }

  look(): Look {
    // Stops first: of a session whose stop is found all ends are found after it.
    const stops = this.#newStops()
    const timed = this.#runEvents(stops)
    for (const { event, stopped_at_ms, session_id } of stops) {
      const last = timed.filter(one => one.event.session_id === session_id && one.began_ms <= stopped_at_ms)
      timed.push({ event, at_ms: Math.max(stopped_at_ms, ...last.map(one => one.at_ms)), began_ms: 0 })
    }
    const events = timed.sort((a, b) => a.at_ms - b.at_ms).map(({ event }) => event)
    const is_over = this.#options.from === 'session' && stops.length > 0
    return { events, is_over }
  }

  #runEvents(stops: readonly Stopped[]) {
    this.#meetNewRuns()
    const timed: { event: Event; at_ms: number; began_ms: number }[] = []
    for (const watch of this.#watches.values()) {
      const events = watch.look()
      if (watch.is_done) this.#watches.delete(watch.run_id)
      if (!this.#isMeant(watch, stops)) continue
      for (const event of events) {
        const before = this.#moments.get(watch.run_id) ?? Number.NEGATIVE_INFINITY
        const at_ms = Math.max(before, event.at === null ? before : Date.parse(event.at))
        this.#moments.set(watch.run_id, at_ms)
        timed.push({ event, at_ms, began_ms: watch.began_at_ms })
      }
      if (watch.is_done) this.#moments.delete(watch.run_id)
    }
    return timed
  }

  #isMeant(watch: RunWatch, stops: readonly Stopped[]): boolean {
    const { session_id, from } = this.#options
    if (session_id === null) return true
    if (watch.session_id === null) return false
    if (watch.session_id !== session_id) {
      this.#watches.delete(watch.run_id)
      return false
    }
    // What began after the stop is another life of the session, which nobody of the first one's readers asked for.
    return from !== 'session' || !stops.some(({ stopped_at_ms }) => watch.began_at_ms > stopped_at_ms)
  }

  #meetNewRuns(): void {
    const all = allRunIds(this.#root)
    for (const run_id of all)
      if (!this.#known.has(run_id)) this.#watches.set(run_id, new RunWatch(this.#root, run_id))
    this.#known = new Set(all)
  }

  #newStops(): Stopped[] {
    const all = recordedStops(this.#root, this.#options.session_id)
    const fresh = all.filter(({ stop_id }) => !this.#known_stops.has(stop_id))
    this.#known_stops = new Set(all.map(({ stop_id }) => stop_id))
    const read = fresh.flatMap(name => this.#readStop(name) ?? [])
    return read.sort((a, b) => a.stopped_at_ms - b.stopped_at_ms)
  }

  #readStop(name: StopName): Stopped | null {
    const record = readStopped(this.#root, name)
    if (!record) return null
    const { session_id, stopped_at: at, stopped } = record
    const event = { event: 'session_stopped', run_id: null, session_id, at, stopped: stopped.length } as const
    return { ...name, stopped_at_ms: Date.parse(at), event }
  }

  /** What had ended before anybody looked. A run that is just being recorded is in no list of live ones yet. */
  #skipPast(): void {
    const all = allRunIds(this.#root)
    const live = new Set(liveRunIds(this.#root))
    this.#known_stops = new Set(recordedStops(this.#root, this.#options.session_id).map(name => name.stop_id))
    this.#known = new Set(all.filter(run_id => !live.has(run_id) && isThere(this.#root, run_id, 'end')))
  }

  /** Where something has begun since the last stop, that is the session; else what that stop ended, with the stop. */
  #skipEarlierLives(): void {
    const stops = recordedStops(this.#root, this.#options.session_id)
      .flatMap(name => this.#readStop(name) ?? [])
      .sort((a, b) => a.stopped_at_ms - b.stopped_at_ms)
    const all = allRunIds(this.#root).map(run_id => ({ run_id, began_ms: this.#beganAt(run_id) }))
    const last_ms = stops.at(-1)?.stopped_at_ms ?? Number.NEGATIVE_INFINITY
    const is_alive_again = all.some(({ began_ms }) => began_ms !== null && began_ms > last_ms)
    const past = is_alive_again ? stops : stops.slice(0, -1)
    const since_ms = past.at(-1)?.stopped_at_ms ?? Number.NEGATIVE_INFINITY
    this.#known_stops = new Set(past.map(({ stop_id }) => stop_id))
    this.#known = new Set(
      all.filter(({ began_ms }) => began_ms !== null && began_ms <= since_ms).map(({ run_id }) => run_id),
    )
  }

  /** Null for a run of another session. One that is about to start begins after everything that is on record. */
  #beganAt(run_id: string): number | null {
    const intent = readIntent(this.#root, run_id)
    if (intent.state !== 'ok' || intent.record.session_id !== this.#options.session_id) return null
    const main = readMain(this.#root, run_id)
    if (main.state === 'ok') return Date.parse(main.record.started_at)
    const has_ended = isThere(this.#root, run_id, 'end')
    return has_ended ? Date.parse(intent.record.created_at) : Number.POSITIVE_INFINITY
  }
}
