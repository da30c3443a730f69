/** How a capped log looks: what its owner keeps of it, and so where a reader has to look for the hole. */

/** What is kept from the beginning, in bytes. */
const HEAD_BYTES = 2 * 1024 * 1024

/** Holes begin and end at multiples of it. */
export const LOG_BLOCK_BYTES = 4096

/** Where the hole of a log begins, once it has one. @param max_bytes what the log may take on disk */
export const logHeadBytes = (max_bytes: number): number =>
  Math.min(HEAD_BYTES, Math.floor(max_bytes / 4 / LOG_BLOCK_BYTES) * LOG_BLOCK_BYTES)
