/** Finding runs: the live ones from `live/`, all of them from `runs/`, one by a prefix of its id. */
import { lstatSync, readdirSync } from 'node:fs'
import { withSpareDescriptor } from '../process/proc-file.js'
import { isRunIdPrefix } from '../store/ids.js'
import type { StateRoot } from '../store/state-root.js'

const RUN_ID = /^[0-9a-f]{12}$/
/** Digits of the shortest prefix that names a run. */
const SHORTEST = 4

/** Ids of the runs of which anything may be alive; the cost follows their number, not the history. */
export const liveRunIds = (root: StateRoot): string[] => runIdsIn(`${root.path}/live`)

/** Ids of all runs on disk, ended ones included. */
export const allRunIds = (root: StateRoot): string[] => runIdsIn(`${root.path}/runs`)

export type FoundRun =
  /** `short_id`: see `shortId`; told when it is asked for, since the others may have to be read for it. */
  | { readonly kind: 'found'; readonly run_id: string; readonly short_id: () => string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'ambiguous'; readonly candidates: readonly string[] }

/** Resolves an id, without a look at any other, or a unique prefix of at least four digits. */
export function findRun(root: StateRoot, prefix: string): FoundRun {
  if (!isRunIdPrefix(prefix)) return { kind: 'malformed' }
  if (RUN_ID.test(prefix))
    return lstatSync(root.run(prefix), { throwIfNoEntry: false })
      ? { kind: 'found', run_id: prefix, short_id: () => shortId(prefix, runIdsLike(root, prefix)) }
      : { kind: 'unknown' }
  const alike = runIdsLike(root, prefix)
  const candidates = alike.filter(id => id.startsWith(prefix))
  const [run_id] = candidates
  if (run_id === undefined) return { kind: 'unknown' }
  return candidates.length === 1
    ? { kind: 'found', run_id, short_id: () => shortId(run_id, alike) }
    : { kind: 'ambiguous', candidates }
}

/** The shortest prefix of at least four digits that no other run shares. @param sorted the ids of all that may, sorted */
export function shortId(run_id: string, sorted: readonly string[]): string {
  const index = sorted.indexOf(run_id)
  let length = SHORTEST
  for (const neighbour of [sorted[index - 1], sorted[index + 1]]) {
    while (length < run_id.length && neighbour?.startsWith(run_id.slice(0, length))) length += 1
  }
  return run_id.slice(0, length)
}

/** The ids of all runs on disk that have the same first digits. */
const runIdsLike = (root: StateRoot, prefix: string): string[] =>
  runIdsIn(`${root.path}/runs`, name => name.startsWith(prefix.slice(0, SHORTEST)))

function runIdsIn(directory: string, isWanted = (_name: string): boolean => true): string[] {
  try {
    return withSpareDescriptor(() => readdirSync(directory))
      .filter(name => isWanted(name) && RUN_ID.test(name))
      .sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
