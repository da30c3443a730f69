/** What a handler may wait for before a background program counts as ready, checked before anything is started. */
import type { RunIntent } from '../runs/records.js'

/** How long the program may take where nobody says otherwise, in seconds. */
export const READY_TIMEOUT_SECONDS = 30

export type ReadyWhen = (
  | { readonly log: RegExp }
  /** A TCP port of this machine. */
  | { readonly port: number }
  /** A descriptor of the program that it writes a line to, or closes after it wrote anything. */
  | { readonly fd: number }
) & { readonly timeout_seconds?: number }

/** Above it the descriptors of a program may be limited (getrlimit(2)); nobody needs one there. */
const MOST_FD = 255

/** From JavaScript anything can come. */
export function isReadyWhen(ready: unknown): ready is ReadyWhen {
  if (typeof ready !== 'object' || ready === null) return false
  const { log, port, fd, timeout_seconds: seconds }: Readonly<Record<string, unknown>> = { ...ready }
  if ([log, port, fd].filter(sign => sign !== undefined).length !== 1) return false
  if (log !== undefined && !(log instanceof RegExp)) return false
  if (port !== undefined && !isWithin(port, 1, 65_535)) return false
  if (fd !== undefined && !isWithin(fd, 3, MOST_FD)) return false
  return seconds === undefined || (typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0)
}

/** The same as the intent of a run keeps it: what its owner has to know. */
export function recordedReadiness(ready: ReadyWhen): NonNullable<RunIntent['ready']> {
  if ('fd' in ready) return { by: 'fd', fd: ready.fd }
  return { by: 'port' in ready ? 'port' : 'log' }
}

const isWithin = (value: unknown, least: number, most: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
