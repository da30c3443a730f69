/** What lives of a run that nobody holds: by its recorded main process, its journal, its marker. Looked for only then. */
import { monotonicMs, pause } from '../process/clock.js'
import { identityOf, type ProcessIdentity } from '../process/identity.js'
import { parseLines, readText } from '../process/journal-file.js'
import { look } from '../process/liveness.js'
import { carriesMarker } from '../process/marker.js'
import { hasExited, type ProcessStat } from '../process/stat.js'
import { commandLine, type ProcessTable, readProcessTable } from '../process/table.js'
import type { StateRoot } from '../store/state-root.js'
import { ownerMark } from './owner-mark.js'
import { journalPath, type RunIntent, type RunMain } from './records.js'

/**
 * How long is looked for a process that is not marked yet, in ms: nobody can tell it from others until it is. Less than
 * who stops the run waits for the guard.
 */
const UNMARKED_MS = 1_500
/** How a shim was told to own a run, in its third argument; the run is the fifth. */
const SHIM_MODES = /^own(?:-pane)?$/
/** How long a copy of the owner may take to become what it is meant to be, in ms. */
const COPY_MS = 20_000
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 100

/** Whether anything of the run is alive. Writes nothing. */
export function isAnythingAlive(root: StateRoot, intent: RunIntent, main: RunMain | null): boolean {
  if (main && look(main.main) === 'alive') return true
  if (journaled(root, intent.run_id).some(identity => look(identity) === 'alive')) return true
  return marked(readProcessTable(), intent.marker).length > 0
}

/**
 * The main process of a run whose owner died between the start and `main.json`: who leads the session of the oldest
 * process that carries the run's marker, as every main process does (setsid(2) before the program). It may have ended
 * since; then it stands for what it left in its session. What the owner had forked a moment ago has its program, and
 * with that the marker, still before it (execve(2)): so one look that finds nobody proves nothing, and none does as
 * long as there is a copy of the owner.
 * @param may_share a foreground run: on a terminal its main process leads no session
 * @param holders pids of the owner and the guard, as far as they live
 */
export async function unrecordedMain(
  marker: RunIntent['marker'],
  may_share: boolean,
  holders: readonly number[],
): Promise<ProcessIdentity | null> {
  const started = monotonicMs()
  let copied = started
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
    const table = readProcessTable()
    const [main] = marked(table, marker)
      .sort((a, b) => a.start_time - b.start_time)
      .flatMap(stat => (may_share ? stat : (leaderOf(table, stat, marker) ?? [])))
    if (main) return identityOf(main)
    const now = monotonicMs()
    // In the middle of an execve(2) it shows neither what it was nor what it will be.
    if (hasCopy(marker, holders)) copied = now
    if (now - copied >= UNMARKED_MS || now - started >= COPY_MS) return null
    await pause(wait)
  }
}

/**
 * Who leads the session of a process of the run: living and marked itself, or dead by now. The number of a dead one is
 * nobody else's as long as anybody is in its session, and who is in it is no older.
 * @returns null where the leader is somebody else, or has no marker yet
 */
function leaderOf(
  table: ProcessTable,
  stat: ProcessStat,
  marker: RunIntent['marker'],
): Pick<ProcessStat, 'pid' | 'start_time'> | null {
  // Zero where the session was begun outside of this PID namespace (pid_namespaces(7)): no run's.
  if (stat.sid <= 1) return null
  const leader = table.get(stat.sid)
  if (!leader) return { pid: stat.sid, start_time: stat.start_time }
  return hasExited(leader) || carriesMarker(leader.pid, marker) ? leader : null
}

/** Whether a process that a shim forked has not got its program yet: all of it is still the shim's. */
const hasCopy = ({ name, value }: RunIntent['marker'], holders: readonly number[]): boolean =>
  marked(readProcessTable(), { name, value: ownerMark(value) }).some(({ pid }) => {
    const [, , mode = '', , run_id] = commandLine(pid) ?? []
    return SHIM_MODES.test(mode) && run_id === value && !holders.includes(pid)
  })

/** Every living process that carries a run's marker, but for ourselves. */
function marked(table: ProcessTable, marker: RunIntent['marker']): ProcessStat[] {
  return [...table.values()].filter(
    stat => !hasExited(stat) && stat.pid !== process.pid && carriesMarker(stat.pid, marker),
  )
}

/** Every process that was seen of a run, as its journal has it. */
export function journaled(root: StateRoot, run_id: string): readonly ProcessIdentity[] {
  try {
    return parseLines(readText(journalPath(root, run_id)))
  } catch {
    // None was written, or it cannot be read: the marker has to do.
    return []
  }
}
