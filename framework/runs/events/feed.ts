/**
 * All events of a state root, or of one session, from its records: read once for what has happened, again and again
 * for what happens. Nothing is watched by the kernel (a user has 128 inotify instances), nothing is written.
 */
import type { StateRoot } from '../../store/state-root.js'
import { allRunIds, liveRunIds } from '../find.js'
import { isThere, readIntent, readMain } from '../records.js'
import { readStopped, recordedStops, type StopName } from '../session-stopped.js'
import { viewRun } from '../status.js'
import type { Event } from './event.js'
import { isOverWithoutEnd, RunWatch } from './run-watch.js'

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

interface Began {
  readonly run_id: string
  readonly began_ms: number
}

interface Stopped extends StopName {
  readonly stopped_at_ms: number
  /** The runs that it names: those that lived when it began, or came meanwhile. */
  readonly run_ids: ReadonlySet<string>
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
    const ends = stops.map(stop => {
      const last = timed.filter(
        ({ event, run }) => event.session_id === stop.session_id && isBefore(run, stop),
      )
      return { event: stop.event, at_ms: Math.max(stop.stopped_at_ms, ...last.map(({ at_ms }) => at_ms)) }
    })
    const events = [...timed, ...ends].sort((a, b) => a.at_ms - b.at_ms).map(({ event }) => event)
    const is_over = this.#options.from === 'session' && stops.length > 0
    return { events, is_over }
  }

  #runEvents(stops: readonly Stopped[]) {
    this.#meetNewRuns()
    const timed: { event: Event; at_ms: number; run: Began }[] = []
    for (const watch of this.#watches.values()) {
      const events = watch.look()
      if (watch.is_done) this.#watches.delete(watch.run_id)
      const run = { run_id: watch.run_id, began_ms: this.#beganMs(watch) }
      if (!this.#isMeant(watch, run, stops)) continue
      for (const event of events) {
        const before = this.#moments.get(watch.run_id) ?? (watch.began_at_ms || Number.NEGATIVE_INFINITY)
        const at_ms = Math.max(before, event.at === null ? before : Date.parse(event.at))
        this.#moments.set(watch.run_id, at_ms)
        timed.push({ event, at_ms, run })
      }
      if (watch.is_done) this.#moments.delete(watch.run_id)
    }
    return timed
  }

  /** What was told of before a stop was found began before it, wherever the clock went. */
  #beganMs({ run_id, began_at_ms }: RunWatch): number {
    return this.#moments.has(run_id) ? Number.NEGATIVE_INFINITY : began_at_ms
  }

  #isMeant(watch: RunWatch, run: Began, stops: readonly Stopped[]): boolean {
    const { session_id, from } = this.#options
    if (session_id === null) return true
    if (watch.session_id === null) return false
    if (watch.session_id !== session_id) {
      this.#watches.delete(watch.run_id)
      return false
    }
    // What began after the stop is another life of the session, which nobody of the first one's readers asked for.
    const [first] = stops
    return from !== 'session' || !first || isBefore(run, first)
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
    // One that cannot be found at the moment is no new one when it is found again.
    for (const { stop_id } of all) this.#known_stops.add(stop_id)
    const read = fresh.flatMap(name => this.#readStop(name) ?? [])
    return read.sort((a, b) => a.stopped_at_ms - b.stopped_at_ms)
  }

  #readStop(name: StopName): Stopped | null {
    const record = readStopped(this.#root, name)
    if (!record) return null
    const { session_id, stopped_at: at, stopped } = record
    const event = { event: 'session_stopped', run_id: null, session_id, at, stopped: stopped.length } as const
    const run_ids = new Set(stopped.map(({ run_id }) => run_id))
    return { ...name, stopped_at_ms: Date.parse(at), run_ids, event }
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
    const all = allRunIds(this.#root).flatMap(run_id => this.#beginning(run_id) ?? [])
    const is_alive_again = all.some(run => !stops.some(stop => isBefore(run, stop)))
    const past = is_alive_again ? stops : stops.slice(0, -1)
    this.#known_stops = new Set(past.map(({ stop_id }) => stop_id))
    this.#known = new Set(
      all.filter(run => past.some(stop => isBefore(run, stop))).map(({ run_id }) => run_id),
    )
  }

  /** Null for a run of another session. One that lives, or is about to start, comes after every stop on record. */
  #beginning(run_id: string): Began | null {
    const intent = readIntent(this.#root, run_id)
    if (intent.state !== 'ok' || intent.record.session_id !== this.#options.session_id) return null
    const is_over = isThere(this.#root, run_id, 'end') || isOverWithoutEnd(viewRun(this.#root, run_id))
    if (!is_over) return { run_id, began_ms: Number.POSITIVE_INFINITY }
    const main = readMain(this.#root, run_id)
    const began_at = main.state === 'ok' ? main.record.started_at : intent.record.created_at
    return { run_id, began_ms: Date.parse(began_at) }
  }
}

/** Whether a run is of the life that a stop of its session ended, or of an earlier one. */
const isBefore = ({ run_id, began_ms }: Began, { stopped_at_ms, run_ids }: Stopped): boolean =>
  began_ms <= stopped_at_ms || run_ids.has(run_id)
