/** The form of a session's id, apart from the ids that are made: reading a command line needs no file system. */

/** A session's id is a directory's name too: no separators, no leading dot. */
export const SESSION_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'

const SESSION_ID = new RegExp(SESSION_ID_PATTERN)

export function isSessionId(text: string): boolean {
  return SESSION_ID.test(text)
}
