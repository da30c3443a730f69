/** How a run's program is reached: by its main process and group, or by a window of a terminal server. */
import type { RunView } from '../runs/status.js'

export type RunHandle =
  | { readonly pid: number; readonly pgid: number }
  | { readonly socket: string; readonly window: string }

/** The handle of a run as its records name it; null where nothing of it was started. */
export function handleOf({ intent, main }: Pick<RunView, 'intent' | 'main'>): RunHandle | null {
  if (!main) return null
  return intent?.terminal ?? { pid: main.main.pid, pgid: main.pgid }
}
