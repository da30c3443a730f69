/** Cleanup hooks of one call: run once, in reverse order of acquisition, each within its own time (REQ-C-017). */

/** How long one hook may take, in milliseconds. */
const HOOK_MS = 2_000

export type CleanupHook = () => void | Promise<void>

export interface HookFailure {
  readonly message: string
}

export class CleanupHooks {
  readonly #hooks: CleanupHook[] = []
  #done: Promise<HookFailure[]> | null = null

  add(hook: CleanupHook): void {
    this.#hooks.push(hook)
  }

  /** Runs all hooks; a second call joins the first. Never throws: failures are returned. */
  run(): Promise<HookFailure[]> {
    this.#done ??= this.#runAll()
    return this.#done
  }

  async #runAll(): Promise<HookFailure[]> {
    const failures: HookFailure[] = []
    for (const hook of this.#hooks.reverse()) {
      const message = await withinTime(hook)
      if (message !== null) failures.push({ message })
    }
    return failures
  }
}

async function withinTime(hook: CleanupHook): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>(resolve => {
    timer = setTimeout(() => resolve(`a cleanup hook took longer than ${HOOK_MS} ms`), HOOK_MS)
  })
  const ran = (async () => {
    try {
      await hook()
      return null
    } catch (error) {
      return `a cleanup hook failed: ${error instanceof Error ? error.message : String(error)}`
    }
  })()
  const outcome = await Promise.race([ran, late])
  clearTimeout(timer)
  return outcome
}
