/** A lifetime that is over while a test waits for it, and never before the test is where it has to be by then. */
import type { World } from './world.js'

/** One after the other, where the machine is too slow for the one before. */
const SECONDS = [4, 16, 64, 256] as const

/**
 * Gets somewhere while a lifetime lasts.
 * @param create makes the world of one attempt
 * @param arrive starts what has the lifetime, which is written as `--max-lifetime` takes it, and gets there
 * @returns what `arrive` gave, as soon as it was in time
 */
export async function withinLifetime<T>(
  create: () => World,
  arrive: (world: World, lifetime: string) => Promise<T>,
): Promise<T> {
  for (const seconds of SECONDS) {
    const world = create()
    const began = performance.now()
    const isInTime = () => performance.now() - began < seconds * 1_000
    try {
      const arrived = await arrive(world, `${seconds}s`)
      if (isInTime()) return arrived
    } catch (error) {
      if (isInTime()) throw error
    }
    await world.witness.clear()
  }
  throw new Error(`not there within ${SECONDS.join(', ')} s`)
}
