/** TERM to KILL where nobody says otherwise, in milliseconds. */

/** Background runs. */
export const BACKGROUND_GRACE_MS = 5_000

/** Children of a call, which keeps its caller waiting meanwhile (REQ-F-031, contract A-05). */
export const TRACKED_GRACE_MS = 2_000
