/** One run under observation: each of its events once and in order, however rarely somebody looks. */
import { monotonicMs } from '../../process/clock.js'
import type { StateRoot } from '../../store/state-root.js'
import { areRecordsGone } from '../questions.js'
import { hasEnded, isThere, type RunIntent, type RunReady, readReady } from '../records.js'
import { type RunView, viewRun } from '../status.js'
import { eventsBeforeEnd, eventsOfEnd, type RunEvent } from './event.js'

/** Between two looks at who holds a run whose records have not changed, in ms. */
const HOLDER_LOOK_MS = 1_000

/** The last first: who finds one of them finds all that were written before it, too. */
const RECORDS = ['end', 'stop', 'ready', 'main', 'owner', 'intent'] as const

export class RunWatch {
  readonly run_id: string
  readonly #root: StateRoot
  readonly #told = new Set<RunEvent['event']>()
  #intent: RunIntent | null = null
  #started_at: string | null = null
  #seen = ''
  #look_at = Number.NEGATIVE_INFINITY
  #is_done = false

  constructor(root: StateRoot, run_id: string) {
    this.#root = root
    this.run_id = run_id
  }

  /** Nothing will come any more. */
  get is_done(): boolean {
    return this.#is_done
  }

  /** Null as long as the intent is not there, or where it cannot be read. */
  get session_id(): string | null {
    return this.#intent?.session_id ?? null
  }

  /** When its main process was started, or else when its start was recorded, in ms since 1970. */
  get began_at_ms(): number {
    return Date.parse(this.#started_at ?? this.#intent?.created_at ?? '')
  }

  /** What has happened since the last look. */
  look(): RunEvent[] {
    if (this.#is_done) return []
    const there = RECORDS.filter(name => isThere(this.#root, this.run_id, name))
    const seen = there.join(' ')
    if (seen === this.#seen && monotonicMs() < this.#look_at) return []
    if (!this.#intent && !there.includes('intent')) {
      // Its starter is about to write it; or gave up, and took the directory away.
      this.#is_done = areRecordsGone(this.#root, this.run_id)
      return []
    }
    this.#seen = seen
    const has_end = hasEnded(this.#root, this.run_id)
    this.#look_at = monotonicMs() + HOLDER_LOOK_MS
    return this.#events(viewRun(this.#root, this.run_id), has_end)
  }

  /** @param has_end the end was there before the other records were read, so that all of them are */
  #events(view: RunView, has_end: boolean): RunEvent[] {
    this.#intent ??= view.intent
    this.#started_at ??= view.main?.started_at ?? null
    const is_over = has_end || (!view.end && isOverWithoutEnd(view))
    const before = eventsBeforeEnd(view, this.#ready())
      .filter(({ event }) => !this.#told.has(event))
      .filter(event => !has_end || !isAfterEnd(event, view))
    for (const { event } of before) this.#told.add(event)
    if (!is_over) return before
    this.#is_done = true
    // Its records may have been removed meanwhile.
    return [...before, ...eventsOfEnd({ ...view, intent: this.#intent })]
  }

  #ready(): RunReady | null {
    const ready = readReady(this.#root, this.run_id)
    return ready.state === 'ok' ? ready.record : null
  }
}

/** Nobody holds it, nothing of it lives, and nobody recorded its end: a reboot, a start that was given up, a lost owner. */
export const isOverWithoutEnd = ({ status, owner_state }: RunView): boolean =>
  status !== 'pending' && status !== 'running' && owner_state === 'none'

/** A readiness that was found out, or a stop that was asked for, when the run had ended is none. */
function isAfterEnd(told: RunEvent, { end }: RunView): boolean {
  if (told.event === 'started' || told.at === null || !end) return false
  // The end answers the stop, whatever the clock did in between.
  if (told.event === 'stopping' && told.stop_cause === end.stop_cause) return false
  return Date.parse(told.at) > Date.parse(end.ended_at)
}
