/** Ending a tree: TERM, a grace, KILL until nothing is left. Forks nothing, and calls ended only what it saw end. */
import type { Abortable } from './abort-on-demand.js'
import { monotonicMs, pause } from './clock.js'
import { commonLooks } from './common-looks.js'
import { ExecWait } from './exec-wait.js'
import { look } from './liveness.js'
import type { Member, TrackingMethod, Tree } from './tracking.js'
import { keyOf, TreeSignals } from './tree-signals.js'

export interface EndTreeOptions {
  readonly tracking: TrackingMethod
  /** TERM to KILL, in milliseconds; 0 sends KILL at once. */
  readonly grace_ms: number
  /** Ends the grace early. */
  readonly force?: Abortable
  /** Called once for each member, before its TERM. What it throws is thrown again, but not before the tree has ended. */
  readonly on_term?: (member: Member) => void
  /** Called once for each member, before its first KILL; as `on_term`. */
  readonly on_kill?: (member: Member) => void
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

export interface EndedTree {
  /** How many of the processes seen are gone, the main process included if it was alive at the first look. */
  readonly ended: number
  /** Those of them that got our KILL. */
  readonly killed: Member[]
  /** What lives on: another user's, or held by the kernel. */
  readonly survivors: Member[]
}

const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 50
/** Between two looks at all processes lies at least so many times what one costs. */
const LOOK_SPACING = 10
/** One empty look may have missed a process that a dying one had just forked. */
const EMPTY_LOOKS = 2
/** How long nothing may change after KILL: where none could be delivered, and where the kernel is still at it. */
const STUCK_MS = 2_000
const SLOW_MS = 10_000
/** What forks faster than it can be found is given up after this long. */
const KILL_LIMIT_MS = 60_000
/** How long looks may fail before their error is ours. */
const BLIND_LIMIT_MS = 10_000

/**
 * Ends everything that the tracking method finds, and what it newly finds on the way.
 * TERM and CONT (a stopped process cannot hear TERM) to each once; KILL after the grace. Resolves when two looks in
 * a row found nothing, or when what is left cannot be ended.
 * @throws NodeJS.ErrnoException where the host could not be asked for 10 s: nothing is known of the tree then
 */
export async function endTree(options: EndTreeOptions): Promise<EndedTree> {
  const ending = new Ending(options)
  await ending.term()
  await ending.kill()
  return ending.result()
}

class Ending {
  readonly #options: EndTreeOptions
  readonly #now: () => number
  readonly #seen = new Map<string, Member>()
  readonly #signals = new TreeSignals()
  readonly #exec_wait = new ExecWait()
  #tree: Tree = { members: [], marked_only: [] }
  #looked_at = Number.NEGATIVE_INFINITY
  #look_cost = 0
  #blind_since: number | null = null
  #empty_looks = 0

  constructor(options: EndTreeOptions) {
    this.#options = options
    this.#now = options.now ?? monotonicMs
  }

  async term(): Promise<void> {
    const { grace_ms, force, on_term } = this.#options
    const deadline = this.#now() + grace_ms
    let wait = FIRST_PAUSE_MS
    while (!force?.aborted && this.#now() < deadline) {
      if (this.#isLookDue()) {
        await this.#look()
        if (this.#isOver) return
        if (this.#signals.terminate(this.#tree, on_term) || this.#empty_looks > 0) wait = FIRST_PAUSE_MS
      }
      await pause(Math.min(wait, Math.max(0, deadline - this.#now())), force)
      wait = Math.min(wait * 2, LONGEST_PAUSE_MS)
    }
  }

  async kill(): Promise<void> {
    const started = this.#now()
    let changed = started
    let left = ''
    let wait = FIRST_PAUSE_MS
    while (!this.#isOver) {
      await this.#look()
      if (this.#isOver) return
      const delivered = this.#signals.kill(this.#tree, this.#options.on_kill)
      const now = this.#now()
      const keys = this.#tree.members.map(keyOf).sort().join()
      if (keys !== left || this.#empty_looks > 0) {
        left = keys
        changed = now
        wait = FIRST_PAUSE_MS
      }
      const hopeless = now - changed >= (delivered ? SLOW_MS : STUCK_MS) || now - started >= KILL_LIMIT_MS
      // Who is blind does not know what is left.
      if (hopeless && this.#blind_since === null) return
      await pause(wait)
      wait = Math.min(wait * 2, LONGEST_PAUSE_MS)
    }
  }

  result(): EndedTree {
    this.#signals.rethrow()
    const survivors = this.#isOver ? [] : [...this.#tree.members]
    const alive = new Set(survivors.map(keyOf))
    const gone = [...this.#seen].filter(([key]) => !alive.has(key))
    return {
      ended: gone.length,
      killed: gone.map(([, member]) => member).filter(member => this.#signals.wasKilled(member)),
      survivors,
    }
  }

  get #isOver(): boolean {
    return this.#empty_looks >= EMPTY_LOOKS
  }

  /** A look at all processes is dear: while one that we know still lives, now and then is enough. */
  #isLookDue(): boolean {
    const spacing = Math.max(LONGEST_PAUSE_MS, this.#look_cost * LOOK_SPACING)
    if (this.#now() - this.#looked_at >= spacing) return true
    try {
      return !this.#tree.members.some(({ identity }) => look(identity) === 'alive')
    } catch {
      return true
    }
  }

  /** A look that fails leaves the last one standing and proves nothing. */
  async #look(): Promise<void> {
    const started = this.#now()
    try {
      const { tree, cost_ms } = await commonLooks.look(this.#options.tracking, true)
      this.#tree = tree
      this.#look_cost = cost_ms
    } catch (error) {
      this.#blind_since ??= started
      if (started - this.#blind_since >= BLIND_LIMIT_MS) throw error
      return
    }
    this.#blind_since = null
    this.#looked_at = this.#now()
    for (const member of this.#tree.members) this.#seen.set(keyOf(member), member)
    this.#empty_looks = this.#isEmpty() ? this.#empty_looks + 1 : 0
  }

  /** What hangs where it cannot be told whose it is will not be waited for: the look names what it may. */
  #isEmpty(): boolean {
    const { members, undecided = [] } = this.#tree
    if (members.length > 0) {
      this.#exec_wait.close()
      return false
    }
    const is_last = this.#empty_looks + 1 >= EMPTY_LOOKS
    if (undecided.length === 0 && !is_last) return true
    // Dear, as what only its marker ties to the run is, and asked for as seldom.
    const untold = this.#tree.untold ?? []
    return !this.#exec_wait.isOpen(undecided.length + untold.length > 0, this.#looked_at)
  }
}
