/**
 * A foreground program's line in the session's `children.pids`. The file is for people, and what keeps its writers apart
 * costs as much as starting the program: one that ends before anybody could look is not listed.
 */
import type { StateRoot } from '../store/state-root.js'

const DELAY_MS = 100

export class ListedPid {
  readonly #root: StateRoot
  readonly #session_id: string
  readonly #pid: number
  readonly #timer: NodeJS.Timeout
  #listing: Promise<void> | null = null

  constructor(root: StateRoot, session_id: string, pid: number) {
    this.#root = root
    this.#session_id = session_id
    this.#pid = pid
    this.#timer = setTimeout(() => {
      this.#listing = this.#refresh(true)
    }, DELAY_MS)
  }

  get was_written(): boolean {
    return this.#listing !== null
  }

  /** The program has ended. */
  async remove(): Promise<void> {
    clearTimeout(this.#timer)
    if (!this.#listing) return
    await this.#listing
    await this.#refresh(false)
  }

  async #refresh(alive: boolean): Promise<void> {
    try {
      const { refreshPidFile } = await import('../runs/pid-file.js')
      await refreshPidFile(this.#root, this.#session_id, { pid: this.#pid, alive })
    } catch {
      // The package has gone meanwhile: whoever starts or ends a run of the session next writes the file anew.
    }
  }
}
