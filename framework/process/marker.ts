/** The environment marker: the one tie that a process keeps when it leaves its group, session and parent. */
import { readProcFile } from './proc-file.js'

/** An environment variable that every process of a run inherits. */
export interface Marker {
  readonly name: string
  readonly value: string
}

/** `own`: carries the value. `other`: the name with another value. `unknown`: nothing could be read now. */
export type MarkerState = 'own' | 'other' | 'none' | 'unknown'

/** Whether the process was started with this marker in its environment; false where that cannot be read. */
export function carriesMarker(pid: number, marker: Marker): boolean {
  return markerState(pid, marker) === 'own'
}

/**
 * Reads a process's environment as it was at its last execve(2) (proc_pid_environ(5)).
 * Empty while an execve is under way, so emptiness is no answer.
 */
export function markerState(pid: number, { name, value }: Marker): MarkerState {
  const bytes = readProcFile(`/proc/${pid}/environ`)
  if (!bytes || bytes.length === 0) return 'unknown'
  let state: MarkerState = 'none'
  const key = Buffer.from(`${name}=`)
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
    if (at > 0 && bytes[at - 1] !== 0) continue
    const end = bytes.indexOf(0, at)
    if (bytes.toString('utf8', at + key.length, end < 0 ? bytes.length : end) === value) return 'own'
    state = 'other'
  }
  return state
}
