/** Waiting for something to be true, with a deadline that ends a hang and measures nothing. */

/**
 * Asks again and again until the answer is truthy.
 * @param what what is waited for, for the failure's message
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  deadline_ms = 30_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + deadline_ms
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > end) throw new Error(`waited ${deadline_ms} ms for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
