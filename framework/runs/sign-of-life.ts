/**
 * Who ends a run shows that he is at it, for what cannot be ended, or is of thousands, takes longer than a hung owner is
 * waited for: he touches the file by which the run is known to live.
 */
import { lstatSync, lutimesSync } from 'node:fs'
import { type Activity, activityOf } from '../process/activity.js'
import { type ProcessIdentity, sameProcess, self } from '../process/identity.js'
import type { StateRoot } from '../store/state-root.js'
import { Patience } from './patience.js'
import type { RunView } from './status.js'

const INTERVAL_MS = 500
/** How long a silence says something: four signs of life that did not come. */
const SILENCE_MS = 2_000
/** Longer than any tree is tried to be ended: who never comes to an end is no better than one that hangs. */
const MOST_SILENCES = 45

/** Does the work, and shows life meanwhile. */
export async function showingLife<T>(root: StateRoot, run_id: string, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => show(root, run_id), INTERVAL_MS)
  timer.unref()
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

/** Tells one who is at work from one that hangs. */
export class OwnerWatch {
  readonly #root: StateRoot
  readonly #view: RunView
  #patience: Patience
  #signs: Signs | null = null
  #silences = 0

  /** @param grace_ms how long he may take before anything is expected of him */
  constructor(root: StateRoot, view: RunView, grace_ms: number) {
    this.#root = root
    this.#view = view
    this.#patience = new Patience(grace_ms)
  }

  /** To be asked again after every short pause. What ends within the grace is never looked at. */
  isHung(): boolean {
    if (!this.#patience.isOver()) return false
    this.#patience = new Patience(SILENCE_MS)
    const before = this.#signs
    this.#signs = signsOfLife(this.#root, this.#view)
    if (!before) return false
    this.#silences += 1
    const is_silent = this.#signs.given === before.given && !this.#signs.is_kept
    return is_silent || this.#silences > MOST_SILENCES
  }
}

interface Signs {
  /** Changes as long as somebody is at work. */
  readonly given: string
  /** A look at thousands of processes may keep him from all else. */
  readonly is_kept: boolean
}

/** What it costs us to wait tells nothing, where a record names ourselves. */
function signsOfLife(root: StateRoot, view: RunView): Signs {
  const activities = holdersBesideUs(view)
    .map(activityOf)
    .filter((activity): activity is Activity => activity !== null)
  const given = [shownAt(root, view.run_id), ...activities.flatMap(({ switches }) => switches)].join()
  return { given, is_kept: activities.some(({ is_kept }) => is_kept) }
}

const holdersBesideUs = ({ owner }: RunView): ProcessIdentity[] =>
  [owner?.owner ?? null, owner?.guard ?? null].filter(
    (holder): holder is ProcessIdentity => holder !== null && !sameProcess(holder, self()),
  )

/** When somebody last showed that he is at it; null where the run is not known to live. */
export function shownAt(root: StateRoot, run_id: string): number | null {
  try {
    return lstatSync(root.live(run_id)).mtimeMs
  } catch {
    return null
  }
}

function show(root: StateRoot, run_id: string): void {
  const now = new Date()
  try {
    lutimesSync(root.live(run_id), now, now)
  } catch {
    // The disk has become read-only, or the file is gone: then the time that it takes tells.
  }
}
