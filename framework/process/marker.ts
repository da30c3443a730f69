/** The environment marker: the one tie that a process keeps when it leaves its group, session and parent. */
import { readProcFile } from './proc-file.js'

/** An environment variable that every process of a run inherits. */
export interface Marker {
  readonly name: string
  readonly value: string
}

/** `own`: carries the value. `other`: that of another run. `unknown`: nothing could be read now. */
export type MarkerState = 'own' | 'other' | 'none' | 'unknown'

/** Whether a value of the marker is that of a run which is there. An environment is easily copied, or made up. */
export type IsRun = (value: string) => boolean

/** For whom every other value is that of another run. */
const ANY: IsRun = () => true

/** Whether the process was started with this marker in its environment; false where that cannot be read. */
export function carriesMarker(pid: number, marker: Marker): boolean {
  return markerState(pid, marker) === 'own'
}

/**
 * What a process's marker says of it.
 * @param isRun where left out, every other value is that of another run
 */
export function markerState(pid: number, { name, value }: Marker, isRun: IsRun = ANY): MarkerState {
  const values = markerValues(pid, name)
  if (!values) return 'unknown'
  if (values.includes(value)) return 'own'
  return values.some(isRun) ? 'other' : 'none'
}

/**
 * Reads a process's environment as it was at its last execve(2) (proc_pid_environ(5)).
 * @returns every value of the variable; null where nothing could be read. Empty while an execve is under way, so
 *   emptiness is no answer
 */
export function markerValues(pid: number, name: string): string[] | null {
  const bytes = readProcFile(`/proc/${pid}/environ`)
  if (!bytes || bytes.length === 0) return null
  const values: string[] = []
  const key = Buffer.from(`${name}=`)
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
    if (at > 0 && bytes[at - 1] !== 0) continue
    const end = bytes.indexOf(0, at)
    values.push(bytes.toString('utf8', at + key.length, end < 0 ? bytes.length : end))
  }
  return values
}
