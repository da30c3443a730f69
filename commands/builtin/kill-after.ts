/** `--kill-after`: the same option, with the same default, of every command that stops runs. */
import { DURATION_PATTERN } from '../../framework/argv/durations.js'
import { parseDuration } from '../../framework/author.js'

export const KILL_AFTER = {
  type: 'string',
  pattern: DURATION_PATTERN,
  default: '5s',
  description: 'How long after TERM the KILL comes',
} as const

/** @returns milliseconds */
export function graceOf(kill_after: string): number {
  return parseDuration(kill_after) ?? 0
}
