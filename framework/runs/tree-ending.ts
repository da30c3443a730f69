/** Ending the tree of a run, and the account of it: who got a signal of ours, and who of them is gone. */
import type { Abortable } from '../process/abort-on-demand.js'
import { pause } from '../process/clock.js'
import { type EndedTree, endTree } from '../process/end-tree.js'
import type { Member, TrackingMethod } from '../process/tracking.js'
import { showingLife } from './sign-of-life.js'
import type { OwnerOptions } from './start-main.js'

/** After a failed attempt: the host could not be asked, so nothing is known of the tree. */
const BLIND_RETRY_MS = 1_000

export class TreeEnding {
  readonly #run: Pick<OwnerOptions, 'root' | 'intent'>
  readonly #tracking: TrackingMethod
  readonly #failed: (error: unknown) => void
  /** Pids of what got our TERM, and our KILL; a run ends long before the kernel uses a pid again. */
  readonly #termed = new Set<number>()
  readonly #killed = new Set<number>()

  /** @param failed told what kept the host from being asked */
  constructor(
    run: Pick<OwnerOptions, 'root' | 'intent'>,
    tracking: TrackingMethod,
    failed: (error: unknown) => void,
  ) {
    this.#run = run
    this.#tracking = tracking
    this.#failed = failed
  }

  /**
   * TERM, the grace, KILL; tries until the host can be asked: what was not seen to have ended is not said to have.
   * @param force KILL at once instead of the rest of the grace
   */
  end(grace_ms: number, force: Abortable): Promise<EndedTree['survivors']> {
    const { root, intent } = this.#run
    return showingLife(root, intent.run_id, () => this.#end(grace_ms, force))
  }

  async #end(grace_ms: number, force: Abortable): Promise<EndedTree['survivors']> {
    for (;;) {
      try {
        const { survivors } = await endTree({
          tracking: this.#tracking,
          grace_ms,
          force,
          on_term: member => this.#termed.add(member.identity.pid),
          on_kill: member => this.#killed.add(member.identity.pid),
        })
        return survivors
      } catch (error) {
        this.#failed(error)
        await pause(BLIND_RETRY_MS)
      }
    }
  }

  wasKilled(pid: number): boolean {
    return this.#killed.has(pid)
  }

  /** How many processes beside the main one got a signal of ours and are gone. */
  endedDescendants(main_pid: number, survivors: readonly Member[]): number {
    const pids = new Set([...this.#termed, ...this.#killed])
    for (const pid of [main_pid, ...survivors.map(({ identity }) => identity.pid)]) pids.delete(pid)
    return pids.size
  }
}
