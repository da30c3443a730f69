/** Ids: new ones, and the forms that a session's and a run's have. */
import { readFileSync } from 'node:fs'

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

/** Whether the text can name a run: its id or the first 4 or more digits of it. */
export function isRunIdPrefix(text: string): boolean {
  return RUN_ID_PREFIX.test(text)
}
