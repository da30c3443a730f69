/** Cleanup hooks of one call: run once, in reverse order of acquisition, each within its own time (REQ-C-017). */
import { afterHearing, monotonicMs } from '../process/clock.js'
import { withoutTrace } from './thrown.js'

/** How long one hook may take, in milliseconds. */
const HOOK_MS = 2_000

export type CleanupHook = () => void | Promise<void>

export interface HookFailure {
  readonly message: string
}

export class CleanupHooks {
  readonly #hooks: { readonly run: CleanupHook; readonly what: string }[] = []
  #done: Promise<HookFailure[]> | null = null

  /**
   * What is acquired while the hooks run is given back, too: its hook is the next.
   * @param what names it where it fails
   */
  add(run: CleanupHook, what = 'a cleanup hook'): void {
    this.#hooks.push({ run, what })
  }

  /**
   * Runs all hooks; a second call joins the first. Never throws: failures are returned.
   * Hooks that are registered meanwhile share the time of one, so that no hook can keep the call from ending.
   */
  run(): Promise<HookFailure[]> {
    this.#done ??= this.#runAll()
    return this.#done
  }

  async #runAll(): Promise<HookFailure[]> {
    const failures: HookFailure[] = []
    let in_time = this.#hooks.length
    let left_for_late = HOOK_MS
    let were_dropped = false
    for (let hook = this.#hooks.pop(); hook; hook = this.#hooks.pop()) {
      // Below the height that the stack had at first lie those that were registered in time.
      const is_late = this.#hooks.length >= in_time
      in_time = Math.min(in_time, this.#hooks.length)
      const started = monotonicMs()
      const message = await withinTime(hook.run, hook.what, is_late ? left_for_late : HOOK_MS)
      if (is_late) left_for_late -= monotonicMs() - started
      if (message !== null) failures.push({ message })
      if (left_for_late <= 0 && this.#hooks.length > in_time) {
        this.#hooks.length = in_time
        were_dropped = true
      }
    }
    if (were_dropped)
      failures.push({ message: 'cleanup hooks went on registering others; not all of these were run' })
    return failures
  }
}

async function withinTime(hook: CleanupHook, what: string, limit_ms: number): Promise<string | null> {
  let cancel = (): void => {}
  const late = new Promise<string>(resolve => {
    cancel = afterHearing(limit_ms, () => resolve(`${what} was not done after ${Math.ceil(limit_ms)} ms`))
  })
  const ran = (async () => {
    try {
      await hook()
      return null
    } catch (error) {
      return `${what} failed: ${withoutTrace(error)}`
    }
  })()
  const outcome = await Promise.race([ran, late])
  cancel()
  return outcome
}
