/** What of an ended run still lives: what its end lists and, where that could not list all, what its journal has beyond. */
import { sameProcess } from '../process/identity.js'
import { look } from '../process/liveness.js'
import { markerState } from '../process/marker.js'
import { readStat } from '../process/stat.js'
import type { StateRoot } from '../store/state-root.js'
import { cutLists, describeProcesses } from './end-record.js'
import { journaled } from './evidence.js'
import { otherRuns } from './other-runs.js'
import { type RunEnd, readIntent } from './records.js'

type Listed = RunEnd['survivors'][number]

/** Of one host and boot. */
const keyOf = ({ pid, start_time }: Listed['identity']): string => `${pid} ${start_time}`

/** Those that live of what the record could not list; of any other record nothing is read. */
export function unlistedAlive(root: StateRoot, end: RunEnd): Listed[] {
  const cut = cutLists(end)
  if (!cut.survivors && !cut.leftovers) return []
  const read = readIntent(root, end.run_id)
  const intent = read.state === 'ok' ? read.record : null
  const isRun = otherRuns(root, intent)
  const listed = new Set([...end.survivors, ...end.leftovers].map(({ identity }) => keyOf(identity)))
  const seen = new Map(journaled(root, end.run_id).map(identity => [keyOf(identity), identity]))
  return [...seen].flatMap(([key, identity]) => {
    if (listed.has(key) || look(identity) !== 'alive') return []
    // Seen before it showed that it is of a run inside the run, which has an owner of its own.
    if (intent && markerState(identity.pid, intent.marker, isRun) === 'other') return []
    const { ppid = 0, pgid = 0, sid = 0, state = '?' } = readStat(identity.pid) ?? {}
    return describeProcesses([{ identity, ppid, pgid, sid, state }])
  })
}

/** Whether an end tells that a process was left alone when the run ended, and not tried to be ended. */
export function wasLeftAlone(end: RunEnd, process: Listed['identity']): boolean {
  const isListed = (list: readonly Listed[]): boolean =>
    list.some(({ identity }) => sameProcess(identity, process))
  return isListed(end.leftovers) || (!isListed(end.survivors) && !cutLists(end).survivors)
}
