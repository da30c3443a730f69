/**
 * Waiting for what is in the middle of an execve(2): there it shows no environment (proc_pid_environ(5)), and where
 * nothing but its marker could tie it to a run, whose it is can be told only after it.
 */

/** How long is waited, in ms: it ends a hang, of a program that the kernel cannot read. */
const LIMIT_MS = 2_000

export class ExecWait {
  #since: number | null = null

  /**
   * Whether another look may tell more than the last one.
   * @param is_in_exec whether the last look saw somebody who could not be told
   * @param now monotonic milliseconds of that look
   */
  isOpen(is_in_exec: boolean, now: number): boolean {
    if (!is_in_exec) this.close()
    else this.#since ??= now
    return this.#since !== null && now - this.#since < LIMIT_MS
  }

  /** Nobody is waited for any more: the next time begins anew. */
  close(): void {
    this.#since = null
  }
}
