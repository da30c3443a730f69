/** The processes above this one: whoever ends one of them ends, or orphans, itself. */
import type { ProcessIdentity } from './identity.js'
import { readStat } from './stat.js'

/** Start times by pid; null where an ancestor is hidden. They can only become fewer: read once. */
let known: Map<number, number | null> | null = null

export function ancestors(): ReadonlyMap<number, number | null> {
  if (known) return known
  known = new Map()
  for (let pid = readStat(process.pid)?.ppid ?? 0; pid > 1 && !known.has(pid); ) {
    const stat = readStat(pid)
    known.set(pid, stat?.start_time ?? null)
    pid = stat?.ppid ?? 0
  }
  return known
}

export function isAncestor({ pid, start_time }: ProcessIdentity): boolean {
  const started = ancestors().get(pid)
  return started === null || started === start_time
}
