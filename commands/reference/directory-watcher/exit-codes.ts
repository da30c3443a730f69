/**
 * The exit codes of the watcher program, apart from it so that the command that starts it can map them without
 * loading it. They are part of its interface: a number never changes its meaning.
 */

/** The watcher ended as it should: it was stopped, its directory went, or nobody reads its lines any more. */
export const EXIT_ENDED = 0

/** Failure code in the `failed` line → exit code of the process (the numbers follow sysexits.h where one fits). */
export const FAILURE_EXIT_CODES = {
  /** Anything that has no code of its own; the message names the system error. */
  CANNOT_WATCH: 1,
  /** The program was called wrongly. */
  USAGE: 64,
  NOT_FOUND: 66,
  NOT_A_DIRECTORY: 67,
  /** The process may open no more files. */
  TOO_MANY_OPEN_FILES: 71,
  /** The lines could not be written (told on stderr). */
  OUTPUT_FAILED: 74,
  /** The user may have no more inotify watches or instances. */
  WATCH_LIMIT: 75,
  NOT_READABLE: 77,
} as const

/** What the `failed` line's `code` can be. */
export type FailureCode = keyof typeof FAILURE_EXIT_CODES
