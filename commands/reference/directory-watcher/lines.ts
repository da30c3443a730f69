/** The lines that the watcher writes: one JSON object each, whatever bytes a file name holds. */
import { isUtf8 } from 'node:buffer'
import type { EntryType } from './disk.js'
import type { WatchFailure } from './failure.js'

/** Why watching ended; the last line says it. */
export type EndReason = 'directory_removed' | 'directory_moved' | 'stopped'

/** All watches are in place: every change from now on is told. */
export function watchingLine(path: string, directories: number): string {
  return line({ event: 'watching', ...named('path', path), directories })
}

/** An entry came, changed or went. Paths are byte paths. */
export function entryLine(event: 'create' | 'change' | 'delete', path: string, type: EntryType): string {
  return line({ event, ...named('path', path), type })
}

/** An entry moved within the directory, with all below it; it replaces what was at `path`, as rename(2) does. */
export function renameLine(from: string, path: string, type: EntryType): string {
  return line({ event: 'rename', ...named('from', from), ...named('path', path), type })
}

/** A directory cannot be read, so nothing below it is told until it can. */
export function unreadableLine(path: string): string {
  return line({ event: 'unreadable', ...named('path', path) })
}

/** Some directories are not watched by the kernel, and are looked at every two seconds instead. */
export function degradedLine(failure: WatchFailure): string {
  return line({ event: 'degraded', ...failed(failure) })
}

/** All directories are watched again. */
export function recoveredLine(path: string): string {
  return line({ event: 'recovered', ...named('path', path) })
}

/** Watching could not start, or went wrong: the only or the last line. */
export function failedLine(failure: WatchFailure): string {
  return line({ event: 'failed', ...failed(failure) })
}

export function endedLine(reason: EndReason): string {
  return line({ event: 'ended', reason })
}

function failed(failure: WatchFailure): Record<string, string> {
  return { code: failure.code, ...named('path', failure.path), message: failure.message, fix: failure.fix }
}

/** A byte path as text; where it is no UTF-8, its bytes stand beside it. */
function named(key: 'path' | 'from', bytes: string): Record<string, string> {
  const buffer = Buffer.from(bytes, 'latin1')
  const text = buffer.toString('utf8')
  return isUtf8(buffer) ? { [key]: text } : { [key]: text, [`${key}_base64`]: buffer.toString('base64') }
}

/** JSON leaves some characters as they are that end a line for many readers, or that a terminal obeys. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029]/g

function line(fields: Record<string, string | number>): string {
  const json = JSON.stringify({ ...fields, at: new Date().toISOString() })
  const safe = json.replace(UNSAFE, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `${safe}\n`
}
