/**
 * What a starter and a shim say to each other over their socket, one JSON line each: the starter sends the program's
 * environment, the shim answers once, and the starter confirms after its caller has been answered.
 */
import type { StartFailure } from '../runs/start-failed.js'

/** From the starter. The environment travels here because argv and files can be read by others. */
export interface StartMessage {
  readonly environment: Readonly<Record<string, string>>
  /** Of the starter, where the shim does not inherit it. */
  readonly umask?: number
  /** The lesser method, where an earlier shim of this run died of trying the better one. */
  readonly tracking?: 'snapshot'
}

/** From the shim: exactly one. */
export type StartAnswer =
  | { readonly started: { readonly pid: number } }
  | {
      readonly failed: {
        readonly code: StartFailure
        readonly message: string
        readonly errno: string | null
      }
    }

/** The starter's last line: the caller knows the pid. End-of-file without it ends the run. */
export const CONFIRMATION = 'answered\n'

/** What the other side said, as one value; null for anything else than one whole line of JSON. */
export function parseLine<T>(text: string): T | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
