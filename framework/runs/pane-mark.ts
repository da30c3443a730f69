/**
 * The mark that follows the last output of a program on a pane through its terminal into the log, and that its shim
 * takes out again: for some milliseconds it is there for who reads the log.
 */

/** What a mark has between its beginning and its end, in bytes. */
export const MARK_ID_BYTES = 16
/** The whole of it: a privacy message, of which terminals show nothing (ECMA-48, 8.3.94). */
export const MARK_BYTES = 4 + 2 * MARK_ID_BYTES

/** @param id in hexadecimal, of `MARK_ID_BYTES` */
export const paneMark = (id: string): Buffer => Buffer.from(`\x1b^${id}\x1b\\`, 'latin1')

const BEGINNING = /\x1b(?:\^(?:[0-9a-f]{0,31}|[0-9a-f]{32}(?:\x1b\\?)?))?$/

/** How many of the last bytes are a mark, or may be what has come of one yet. */
export const markedBytes = (bytes: Buffer): number =>
  BEGINNING.exec(bytes.toString('latin1', Math.max(0, bytes.length - MARK_BYTES)))?.[0].length ?? 0
