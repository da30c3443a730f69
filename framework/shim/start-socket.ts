/** Where a shim calls its starter that is not its child: a socket in the run's directory, while the start is under way. */
import { closeSync, constants, openSync } from 'node:fs'
import type { StateRoot } from '../store/state-root.js'

const NAME = 'start.sock'

/**
 * A path that is short enough for a socket however long that of the state root is (unix(7): sun_path has 108 bytes):
 * it leads through a descriptor of this process. Valid until closed.
 */
export function startSocket(root: StateRoot, run_id: string): { readonly path: string; close(): void } {
  const directory = openSync(root.run(run_id), constants.O_RDONLY | constants.O_DIRECTORY)
  return { path: `/proc/self/fd/${directory}/${NAME}`, close: () => closeSync(directory) }
}
