/** Finding runs: the live ones from `live/`, all of them from `runs/`, one by a prefix of its id. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { withSpareDescriptor } from '../process/proc-file.js'
import { isRunIdPrefix } from '../store/ids.js'
import type { StateRoot } from '../store/state-root.js'

const RUN_ID = /^[0-9a-f]{12}$/

/** Ids of the runs of which anything may be alive; the cost follows their number, not the history. */
export const liveRunIds = (root: StateRoot): string[] => runIdsIn(join(root.path, 'live'))

/** Ids of all runs on disk, ended ones included. */
export const allRunIds = (root: StateRoot): string[] => runIdsIn(join(root.path, 'runs'))

export type FoundRun =
  | { readonly kind: 'found'; readonly run_id: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'ambiguous'; readonly candidates: readonly string[] }

/** Resolves an id or a unique prefix of at least four digits. */
export function findRun(root: StateRoot, prefix: string): FoundRun {
  if (!isRunIdPrefix(prefix)) return { kind: 'malformed' }
  const candidates = allRunIds(root).filter(id => id.startsWith(prefix))
  const [run_id] = candidates
  if (run_id === undefined) return { kind: 'unknown' }
  return candidates.length === 1 ? { kind: 'found', run_id } : { kind: 'ambiguous', candidates }
}

function runIdsIn(directory: string): string[] {
  try {
    return withSpareDescriptor(() => readdirSync(directory))
      .filter(name => RUN_ID.test(name))
      .sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
