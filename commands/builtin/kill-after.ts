/** `--kill-after`: the same option, with the same default, of every command that stops runs. */
import { DURATION_PATTERN } from '../../framework/argv/durations.js'
import { parseDuration } from '../../framework/author.js'
import type { ArgumentError } from '../../framework/invocation/command.js'

export const KILL_AFTER = {
  type: 'string',
  pattern: DURATION_PATTERN,
  default: '5s',
  description: 'How long after TERM the KILL comes',
} as const

/** As for every other time that a run is given: one year. */
const MOST_MS = 31_536_000_000

/** What is wrong with a value of the right form, before the command runs (exit 2). */
export const killAfterFaults = (kill_after: string): ArgumentError[] =>
  graceOf(kill_after) > MOST_MS
    ? [{ param: 'kill-after', message: `--kill-after must be at most 365d, not ${kill_after}` }]
    : []

/** @returns milliseconds */
export function graceOf(kill_after: string): number {
  return parseDuration(kill_after) ?? 0
}
