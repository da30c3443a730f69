/** Ids: new ones, and the forms that a session's and a run's have. */
import { readFileSync } from 'node:fs'

/** A session's id is a directory's name too: no separators, no leading dot. */
export const SESSION_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'

const SESSION_ID = new RegExp(SESSION_ID_PATTERN)
const RUN_ID_PREFIX = /^[0-9a-f]{4,12}$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** @returns 12 random hex digits: the last group of a version 4 UUID, all of it random */
export function newRunId(): string {
  return newRequestId().slice(-12)
}

/** @returns a random UUID from the kernel (random(4)); loading node:crypto for one costs more than the command */
export function newRequestId(): string {
  try {
    const uuid = readFileSync('/proc/sys/kernel/random/uuid', 'utf8').trim()
    if (UUID.test(uuid)) return uuid
  } catch {
    // No such file here.
  }
  return process.getBuiltinModule('node:crypto').randomUUID()
}

export function isSessionId(text: string): boolean {
  return SESSION_ID.test(text)
}

/** Whether the text can name a run: its id or the first 4 or more digits of it. */
export function isRunIdPrefix(text: string): boolean {
  return RUN_ID_PREFIX.test(text)
}
