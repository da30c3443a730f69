/** One value as one line of text, for a table's cell or behind a key. */
import { formatCommandLine } from '../argv/command-line.js'
import { escapeControls } from '../argv/quoted.js'
import { isFields, isList } from './list.js'

/** Nothing there: neither null nor absent is worth more ink. */
export const NOTHING = '-'

/** A value on one line, every control character visible. A list of words reads as a command line does. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return NOTHING
  if (typeof value === 'string') return value === '' ? '""' : escapeControls(value)
  if (isList(value) && value.every(isScalar))
    return value.length === 0 ? NOTHING : escapeControls(words(value))
  if (isFields(value)) {
    const members = Object.entries(value)
    if (members.every(([, member]) => isScalar(member)))
      return members.map(([name, member]) => `${escapeControls(name)}=${cell(member)}`).join(' ') || NOTHING
  }
  return escapeControls(JSON.stringify(value))
}

export function isScalar(value: unknown): boolean {
  return value === null || value === undefined || typeof value !== 'object'
}

/** A member's name as people read it. */
export function label(name: string): string {
  return escapeControls(name.replace(/^_+/, '').replaceAll('_', ' '))
}

function words(list: readonly unknown[]): string {
  return formatCommandLine(list.map(item => (typeof item === 'string' ? item : JSON.stringify(item))))
}
