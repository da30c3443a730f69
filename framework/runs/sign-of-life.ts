/**
 * Who ends a run shows that he is at it, for what cannot be ended, or is of thousands, takes longer than a hung owner is
 * waited for: he touches the file by which the run is known to live.
 */
import { lstatSync, lutimesSync } from 'node:fs'
import { threadsOf } from '../process/children.js'
import { type ProcessIdentity, sameProcess, self } from '../process/identity.js'
import { readStat } from '../process/stat.js'
import { cpuSecondsOf } from '../process/usage.js'
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
  #signs: string
  #silences = 0

  /** @param grace_ms how long he may take before anything is expected of him */
  constructor(root: StateRoot, view: RunView, grace_ms: number) {
    this.#root = root
    this.#view = view
    this.#patience = new Patience(grace_ms + SILENCE_MS)
    this.#signs = signsOfLife(root, view)
  }

  /** To be asked again after every short pause. */
  isHung(): boolean {
    if (!this.#patience.isOver()) return false
    const before = this.#signs
    this.#signs = signsOfLife(this.#root, this.#view)
    this.#silences += 1
    const is_silent = this.#signs === before && !holdersBesideUs(this.#view).some(isKept)
    if (is_silent || this.#silences > MOST_SILENCES) return true
    this.#patience = new Patience(SILENCE_MS)
    return false
  }
}

/**
 * What changes as long as somebody is at work: a look at thousands of processes keeps him from all else, and costs him.
 * What it costs us to wait tells nothing, where a record names ourselves.
 */
function signsOfLife(root: StateRoot, view: RunView): string {
  return [shownAt(root, view.run_id), ...holdersBesideUs(view).map(cpuSecondsOf)].join()
}

const holdersBesideUs = ({ owner }: RunView): ProcessIdentity[] =>
  [owner?.owner ?? null, owner?.guard ?? null].filter(
    (holder): holder is ProcessIdentity => holder !== null && !sameProcess(holder, self()),
  )

/**
 * Whether it would go on, and one of its threads (the others may wait for that one) waits for a core that others have,
 * or for what it has asked of the kernel.
 */
function isKept({ pid, start_time }: ProcessIdentity): boolean {
  if (readStat(pid)?.start_time !== start_time) return false
  // A thread has a directory of its own, which is in no list of processes (proc_tid(5)).
  return threadsOf(pid).some(thread => ['R', 'D'].includes(readStat(thread)?.state ?? ''))
}

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
