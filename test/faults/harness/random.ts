/** Numbers that look random and come again with the same seed, which `FAULT_SEED` sets and a failure prints. */

export const SEED = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** @returns a function that gives integers from 0 up to, and without, its argument (a linear congruential generator) */
export function randomIntegers(seed: number = SEED): (below: number) => number {
  let state = BigInt(seed)
  return below => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn
    return Number((state >> 33n) % BigInt(below))
  }
}
