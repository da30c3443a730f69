/** The one line that stands where a log that reached its limit lost something. */

/** @param bytes how much is gone; null where the log was emptied and nobody knows */
export const missingLine = (bytes: number | null): string =>
  bytes === null
    ? '[the log reached its limit and was emptied: what it held is gone]'
    : `[the log reached its limit: ${bytes} bytes are gone here]`
